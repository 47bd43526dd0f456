import type { Node, Value } from '../graph/graph.ts';
import { attributesOf } from '../graph/operators/index.ts';
import { floats, int64s } from '../numeric/tensor.ts';
import { endOf, type Stage } from './branch.ts';
import { type Convolution, tapsOf } from './convolution.ts';
import { type Edits, openEdits } from './edits.ts';
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
function putBeside({ node, group }: Convolution, { from, width, shortcut }: CarryPlan, edits: Edits): void {
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
function reserve(conv: Convolution, plan: CarryPlan, edits: Edits): void {
  const { stages, first, width, shortcut, readsDirectly, pooling } = plan;
  const isFirst = (stages[first] as { conv?: Convolution }).conv === conv;
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
function merge(conv: Convolution, plan: CarryPlan, edits: Edits): void {
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

interface Passing {
  readonly plan: CarryPlan;
  readonly edits: Edits;
  /** Channels of the branch. */
  readonly channels: number;
}

/** Carried channels get past what lies between convolutions as they are. */
function pass(stage: Exclude<Stage, { kind: 'convolution' }>, passing: Passing): void {
  if (stage.kind === 'clip') passClip(stage, passing);
  else if (stage.kind === 'affine') passAffine(stage.node, passing);
  else passIsland(stage, passing);
}

/** The largest float32. */
const MAX = 3.4028234663852886e38;

/** Unchanged where x is within the bounds; else each channel gets its own. */
function passClip(
  { node, low, high }: Extract<Stage, { kind: 'clip' }>,
  { plan: { range: given, width }, edits, channels }: Passing,
): void {
  if (given.low >= low && given.high <= high) return;
  const vector = (own: number, carried: number) => {
    const data = new Float32Array(channels + width).fill(own, 0, channels).fill(carried, channels);
    return floats([1, channels + width, 1, 1], data);
  };
  const bounds = {
    low: edits.constant(vector(low, -MAX), `${node.name}.low`),
    high: edits.constant(vector(high, MAX), `${node.name}.high`),
  };
  const [x] = node.inputs as [Value];
  node.attributes = {};
  if (!Number.isFinite(high)) {
    Object.assign(node, { op: 'Max', inputs: [x, bounds.low] });
    return;
  }
  const inputs = [x, bounds.high];
  const below = Number.isFinite(low)
    ? edits.insertBefore(node, { op: 'Min', name: `${node.name}.min`, inputs })
    : null;
  Object.assign(node, below ? { op: 'Max', inputs: [below, bounds.low] } : { op: 'Min', inputs });
}

/** A factor of 1 and a summand of 0 for the carried channels. */
function passAffine(node: Node, { plan: { width }, edits, channels }: Passing): void {
  const extend = (index: number, fill: number) => {
    const { data } = node.inputs[index]!.tensor!;
    const longer = new Float32Array(channels + width).fill(fill);
    if (data.length === 1) longer.fill(Number(data[0]), 0, channels);
    else longer.set(data as Float32Array);
    const rank = node.op === 'BatchNormalization' ? [channels + width] : [1, channels + width, 1, 1];
    edits.setInput(node, index, floats(rank, longer));
  };
  if (node.op === 'BatchNormalization') {
    const { epsilon } = attributesOf(node, 'BatchNormalization');
    for (const [i, fill] of [1, 0, 0, 1 - epsilon].entries()) extend(i + 1, fill);
    return;
  }
  extend(node.inputs[0]!.tensor ? 0 : 1, node.op === 'Mul' ? 1 : 0);
}

/** The carried channels part from the branch in front of it, and join it again behind. */
function passIsland({ from, to, nodes }: Extract<Stage, { kind: 'island' }>, passing: Passing): void {
  const inside = new Set(nodes);
  const ordered = passing.plan.graph.nodes.filter((node) => inside.has(node));
  const carried = part(ordered, from, passing);
  join(ordered.at(-1)!, [to, carried], passing.edits);
}

/** A convolution that the carried channels pass by: sampled, or the means of a window, as it strides. */
function passBeside(conv: Convolution, passing: Passing): void {
  const { node, strides } = conv;
  const { plan, edits } = passing;
  const carried = part([node], node.inputs[0]!, passing);
  const isPooled = conv === plan.pooling;
  const isSampled = strides.some((stride) => stride > 1);
  const window = isPooled ? plan.shortcut.window : ([1, 1] as const);
  const sampled =
    isPooled || isSampled
      ? edits.insertBefore(node, {
          op: isPooled ? 'AveragePool' : 'MaxPool',
          name: `${node.name}.sampled`,
          inputs: [carried],
          attributes: { kernel_shape: [...window], strides: [...strides] },
        })
      : carried;
  join(node, [node.outputs[0]!, sampled], edits);
}

/** Splits what goes into nodes: they read the branch's own channels; returns the carried ones. */
function part(nodes: readonly Node[], from: Value, { plan: { width }, edits, channels }: Passing): Value {
  const [own, carried] = [edits.value(`${from.name}.own`), edits.value(`${from.name}.carried`)];
  const sizes = edits.constant(int64s([channels, width]), `${from.name}.sizes`);
  edits.insertBefore(nodes[0]!, {
    op: 'Split',
    name: `${from.name}.split`,
    inputs: [from, sizes],
    attributes: { axis: 1 },
    outputs: [own, carried],
  });
  for (const node of nodes) node.inputs = node.inputs.map((value) => (value === from ? own : value));
  return carried;
}

/** Puts carried channels behind what a node computes, under the name that it had. */
function join(node: Node, [to, carried]: readonly [Value, Value], edits: Edits): void {
  const inner = edits.value(`${to.name}.own`);
  node.outputs = node.outputs.map((value) => (value === to ? inner : value));
  const inputs = [inner, carried];
  edits.insertAfter(node, {
    op: 'Concat',
    name: `${to.name}.joined`,
    inputs,
    attributes: { axis: 1 },
    outputs: [to],
  });
}

const range = <T>(length: number, make: (index: number) => T): T[] =>
  Array.from({ length }, (_, i) => make(i));
