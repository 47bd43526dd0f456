import type { Node, Value } from '../graph/graph.ts';
import { floats, int64s } from '../numeric/tensor.ts';
import { endOf, type Stage } from './branch.ts';
import { type ConstantConvolution, tapsOf } from './convolution.ts';
import { type Edits, openEdits } from './edits.ts';
import { pass, passBeside } from './pass-carried.ts';
import { type CarryPlan, channelsBefore } from './plan.ts';
import { type Entry, widenConvolution } from './widen.ts';

/**
 * Converts a block, in place: x rides along the branch as further channels (reserve), and the last convolution adds them
 * (merge), so that the Add goes (Meng et al., RMNet, 2021, arXiv:2111.00687, section 3.1).
 */
export function carry(plan: CarryPlan): void {
  const { graph, stages, first, last, add, mergesInLast } = plan;
  const edits = openEdits(graph);
  const { conv: firstConv } = stages[first] as Extract<Stage, { kind: 'convolution' }>;
  if (!plan.readsDirectly) putBeside(firstConv, plan, edits);
  for (let place = first; place < stages.length; place++) {
    const stage = stages[place]!;
    const passing = { plan, edits, channels: channelsBefore(stages, place) };
    if (stage.kind !== 'convolution') pass(stage, passing);
    else if (mergesInLast && place === last) merge(stage.conv, plan, edits);
    else if (plan.middle === 'concat' && place !== first && place !== last) passBeside(stage.conv, passing);
    else reserve(stage.conv, plan, edits);
  }
  const sum = add.outputs[0]!;
  const end = stages.at(-1)!;
  if (mergesInLast) lastNode(end).outputs[0] = sum;
  else append(endOf(end), sum, { plan, edits });
  edits.remove(add);
  edits.apply();
}

const lastNode = (stage: Stage): Node => (stage as Extract<Stage, { kind: 'convolution' }>).conv.node;

/** x beside what the first convolution reads: it comes later than x, or in groups. */
function putBeside(
  { node, group }: ConstantConvolution,
  { from, width, shortcut }: CarryPlan,
  edits: Edits,
): void {
  const missing = group > 1 ? width - shortcut.inputs : 0;
  const pads = edits.constant(int64s([0, 0, 0, 0, 0, missing, 0, 0]), `${node.name}.pads`);
  const x =
    missing > 0
      ? edits.insertBefore(node, { op: 'Pad', name: `${from.name}.whole`, inputs: [from, pads] })
      : from;
  const inputs = [node.inputs[0]!, x];
  node.inputs[0] = edits.insertBefore(node, {
    op: 'Concat',
    name: `${node.name}.beside`,
    inputs,
    attributes: { axis: 1 },
  });
}

/** A convolution with further filters that hand the carried channels on. */
function reserve(conv: ConstantConvolution, plan: CarryPlan, edits: Edits): void {
  const { stages, first, width, shortcut, readsDirectly, pooling } = plan;
  const isFirst = (stages[first] as { conv?: ConstantConvolution }).conv === conv;
  const taps = tapsOf(conv, conv === pooling ? shortcut.window : [1, 1])!;
  const { filters, perGroup, group } = conv;
  const rows = filters + width;
  if (group > 1) {
    const entries = range(width, (l): Entry => ({ row: filters + l, column: l % perGroup, factor: 1 }));
    const widening = { rows, columns: perGroup, group: group + width / perGroup, entries, taps };
    widenConvolution(conv, widening, edits.setInput);
    return;
  }
  const offset = isFirst && readsDirectly ? 0 : perGroup;
  const carried = isFirst ? shortcut.inputs : width;
  const columns = isFirst && readsDirectly ? perGroup : perGroup + carried;
  const entries = range(carried, (l): Entry => ({ row: filters + l, column: offset + l, factor: 1 }));
  widenConvolution(conv, { rows, columns, entries, taps }, edits.setInput);
}

/** The last convolution adds P·x̄ + q. */
function merge(conv: ConstantConvolution, plan: CarryPlan, edits: Edits): void {
  const { first, last, width, shortcut, readsDirectly, pooling } = plan;
  const taps = tapsOf(conv, conv === pooling ? shortcut.window : [1, 1])!;
  const isOnly = first === last;
  const offset = isOnly && readsDirectly ? 0 : conv.perGroup;
  const columns =
    isOnly && readsDirectly ? conv.perGroup : conv.perGroup + (isOnly ? shortcut.inputs : width);
  const entries = entriesOf(plan, offset);
  widenConvolution(conv, { rows: conv.filters, columns, entries, taps, bias: shortcut.bias }, edits.setInput);
}

/** P, its columns moved. */
function* entriesOf({ shortcut }: CarryPlan, offset: number): Generator<Entry> {
  const { matrix, inputs, outputs } = shortcut;
  for (let row = 0; row < outputs; row++) {
    for (let c = 0; c < inputs; c++) {
      const factor = matrix[row * inputs + c]!;
      if (factor !== 0) yield { row, column: offset + c, factor };
    }
  }
}

/** A 1×1 convolution [I | P] behind a branch that ends in something else. */
function append(
  end: Value,
  sum: Value,
  { plan, edits }: { readonly plan: CarryPlan; readonly edits: Edits },
): void {
  const { add, width, shortcut } = plan;
  const { outputs, bias } = shortcut;
  const columns = outputs + width;
  const weights = new Float32Array(outputs * columns);
  for (let m = 0; m < outputs; m++) weights[m * columns + m] = 1;
  for (const { row, column, factor } of entriesOf(plan, outputs)) weights[row * columns + column]! += factor;
  const name = add.name || sum.name;
  const weight = edits.constant(floats([outputs, columns, 1, 1], weights), `${name}.weight`);
  const shift = bias.some((value) => value !== 0)
    ? [edits.constant(floats([outputs], bias), `${name}.bias`)]
    : [];
  edits.insertBefore(add, {
    op: 'Conv',
    name: `${name}.merge`,
    inputs: [end, weight, ...shift],
    attributes: { kernel_shape: [1, 1] },
    outputs: [sum],
  });
}

const range = <T>(length: number, make: (index: number) => T): T[] =>
  Array.from({ length }, (_, i) => make(i));
