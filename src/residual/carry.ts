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
function putBeside({ first, from, width, shortcut }: CarryPlan, edits: Edits): void {
  const { node, group, x } = first;
  const missing = group > 1 ? width - shortcut.inputs : 0;
  const pads = edits.constant(int64s([0, 0, 0, 0, 0, missing, 0, 0]), `${node.name}.pads`);
  const whole =
    missing > 0
      ? edits.insertBefore(node, { op: 'Pad', name: `${from.name}.whole`, inputs: [from, pads] })
      : from;
  const beside = edits.insertBefore(node, {
    op: 'Concat',
    name: `${node.name}.beside`,
    inputs: [x, whole],
    attributes: { axis: 1 },
  });
  edits.setInput(node, 0, beside);
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
  const { offset, columns } = columnsOf(conv, plan);
  const read = conv === plan.first ? plan.carried : range(width, (l) => l);
  const entries = read.map((column, l): Entry => ({ row: filters + l, column: offset + column, factor: 1 }));
  widenConvolution(conv, { rows, columns, entries, taps }, edits);
}

/** Adds P·x̄ + q to the last convolution. */
function merge(plan: CarryPlan, edits: Edits): void {
  const { first, last, shortcut, carried } = plan;
  const { offset, columns } = columnsOf(last, plan);
  const taps = plan.taps.get(last) ?? [];
  // The first convolution reads all of x.
  const entries = entriesOf(plan, (l) => offset + (last === first ? carried[l]! : l));
  widenConvolution(last, { rows: last.filters, columns, entries, taps, bias: shortcut.bias }, edits);
}

/** The input channels by which a convolution without groups reads the carried channels, and its number of input channels. */
export function columnsOf(
  conv: PlanarConvolution,
  { first, readsDirectly, shortcut, width }: CarryPlan,
): { readonly offset: number; readonly columns: number } {
  if (conv === first && readsDirectly) return { offset: 0, columns: conv.channels };
  return { offset: conv.channels, columns: conv.channels + (conv === first ? shortcut.inputs : width) };
}

/** The columns of P that are not zero, each in the place of its carried channel. */
function* entriesOf(
  { shortcut: { matrix, inputs, outputs }, carried }: CarryPlan,
  placeOf: (index: number) => number,
): Generator<Entry> {
  for (let row = 0; row < outputs; row++) {
    for (const [l, c] of carried.entries()) {
      const factor = matrix[row * inputs + c] ?? 0;
      if (factor !== 0) yield { row, column: placeOf(l), factor };
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
