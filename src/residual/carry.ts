import type { PlanarConvolution } from '../graph/convolution.ts';
import { type Edits, openEdits } from '../graph/edit/edits.ts';
import { onlyOutput, type Value } from '../graph/graph.ts';
import { floats, int64s } from '../numeric/tensor.ts';
import { pass, passBeside } from './pass-carried.ts';
import type { CarryPlan } from './plan.ts';
import { type Entry, widenConvolution } from './widen.ts';

/**
 * Converts a block in place: x is carried through the branch in additional channels (reserve), and the last convolution adds
 * them (merge), so that the Add is removed (Meng et al., RMNet, 2021, arXiv:2111.00687, section 3.1).
 */
export function carry(plan: CarryPlan): void {
  const { graph, path, first, last, add, mergesInLast, readsDirectly, middle } = plan;
  const edits = openEdits(graph);
  if (!readsDirectly) putBeside(plan, edits);
  let channels = first.filters;
  for (const stage of path) {
    if (stage.kind !== 'convolution') {
      pass(stage, { plan, edits, channels });
      continue;
    }
    const { conv } = stage;
    if (mergesInLast && conv === last) merge(plan, edits);
    else if (middle === 'concat' && conv !== first && conv !== last)
      passBeside(conv, { plan, edits, channels });
    else reserve(conv, plan, edits);
    channels = conv.filters;
  }
  const sum = onlyOutput(add);
  if (!mergesInLast) append(path.at(-1)?.to ?? sum, sum, { plan, edits });
  edits.remove(add);
  if (mergesInLast) edits.setOutput(last.node, 0, sum);
  edits.apply();
}

/** Concatenates x with the input of the first convolution, if that does not read x itself or has groups. */
function putBeside({ first, from, width, carried, shortcut }: CarryPlan, edits: Edits): void {
  const { node, group, x } = first;
  const insert = (op: 'Gather' | 'Pad' | 'Concat', name: string, inputs: Value[], axis?: number): Value =>
    edits.insertBefore(node, { op, name, inputs, attributes: axis === undefined ? {} : { axis } });
  const places = () => edits.constant(int64s(carried), `${node.name}.carried`);
  const isPart = carried.length < shortcut.inputs;
  const taken = isPart ? insert('Gather', `${from.name}.carried`, [from, places()], 1) : from;
  const missing = group > 1 ? width - carried.length : 0;
  const pads = () => edits.constant(int64s([0, 0, 0, 0, 0, missing, 0, 0]), `${node.name}.pads`);
  const whole = missing > 0 ? insert('Pad', `${from.name}.whole`, [taken, pads()]) : taken;
  edits.setInput(node, 0, insert('Concat', `${node.name}.beside`, [x, whole], 1));
}

/** Adds pass-through filters for the carried channels to a convolution. */
function reserve(conv: PlanarConvolution, plan: CarryPlan, edits: Edits): void {
  const { width } = plan;
  const { filters, channels, group } = conv;
  const rows = filters + width;
  const taps = plan.taps.get(conv) ?? [];
  if (group > 1) {
    const entries = range(width, (l): Entry => ({ row: filters + l, column: l % channels, factor: 1 }));
    const widening = { rows, columns: channels, group: group + width / channels, entries, taps };
    widenConvolution(conv, widening, edits);
    return;
  }
  const { columns, columnOf } = columnsOf(conv, plan);
  const carried = conv === plan.first ? plan.carried.length : width;
  const entries = range(carried, (l): Entry => ({ row: filters + l, column: columnOf(l), factor: 1 }));
  widenConvolution(conv, { rows, columns, entries, taps }, edits);
}

/** Adds P·x̄ + q to the last convolution. */
function merge(plan: CarryPlan, edits: Edits): void {
  const { last, shortcut } = plan;
  const { columns, columnOf } = columnsOf(last, plan);
  const taps = plan.taps.get(last) ?? [];
  const entries = entriesOf(plan, columnOf);
  widenConvolution(last, { rows: last.filters, columns, entries, taps, bias: shortcut.bias }, edits);
}

/** How many input channels a convolution without groups has then, and the one by which it reads each carried channel. */
export function columnsOf(
  conv: PlanarConvolution,
  { first, readsDirectly, carried, width }: CarryPlan,
): { readonly columns: number; columnOf(index: number): number } {
  const { channels } = conv;
  if (conv === first && readsDirectly) return { columns: channels, columnOf: (l) => carried[l]! };
  const columns = channels + (conv === first ? carried.length : width);
  return { columns, columnOf: (l) => channels + l };
}

/** The columns of P that are not zero, each in the place of its carried channel. */
function* entriesOf(
  { shortcut: { matrix, inputs, outputs }, carried }: CarryPlan,
  columnOf: (index: number) => number,
): Generator<Entry> {
  for (let row = 0; row < outputs; row++) {
    for (const [l, c] of carried.entries()) {
      const factor = matrix[row * inputs + c] ?? 0;
      if (factor !== 0) yield { row, column: columnOf(l), factor };
    }
  }
}

/** Appends a 1×1 convolution [I | P] to a branch that does not end in a convolution. */
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
  for (const { row, column, factor } of entriesOf(plan, (l) => outputs + l))
    weights[row * columns + column]! += factor;
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
