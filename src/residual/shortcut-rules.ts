import { isPadded, isPointwise, readPlanarConvolution } from '../graph/convolution.ts';
import { isRefusal, type Refusal, refuse } from '../graph/edit/refused.ts';
import { type Node, nodeLabel, type Value } from '../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { fixedWindow } from '../graph/window.ts';
import { toNumbers } from '../numeric/tensor.ts';

/** s = P·x̄ + q, where x̄ is x sampled with strides, each sample being the mean of a window. */
export interface Shortcut {
  /** P, row-major [outputs, inputs]. */
  readonly matrix: Float32Array;
  /** q [outputs]. */
  readonly bias: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
  readonly strides: readonly [number, number];
  readonly window: readonly [number, number];
  /** Whether P is the identity. */
  readonly isIdentity: boolean;
}

type ShortcutRule = (shortcut: Shortcut, node: Node) => Shortcut | Refusal;

/** How the operator of a node transforms a shortcut; null if there is no rule for it. */
export function shortcutRuleOf(node: Node): ShortcutRule | null {
  const op = knownOperator(node);
  return (op && shortcutRules[op]) ?? null;
}

const shortcutRules: { readonly [Op in OperatorName]?: ShortcutRule } = {
  Identity: (shortcut) => shortcut,
  Dropout: (shortcut) => shortcut,
  /** 1×1, with or without groups. */
  Conv(shortcut, node) {
    const conv = readPlanarConvolution(node);
    if (isRefusal(conv)) return conv;
    const { kernel, filters, group, channels, weight, bias } = conv;
    if (!isPointwise(kernel)) return noShortcut(`${nodeLabel(node)} has a kernel of ${kernel.join('×')}`);
    if (isPadded(conv)) return noShortcut(`${nodeLabel(node)} pads`);
    const rows = Array.from({ length: filters }, (_, m) => {
      const first = Math.floor((m * group) / filters) * channels;
      const factors = weight.data.subarray(m * channels, (m + 1) * channels);
      const terms = Array.from(factors, (factor, i) => ({ row: first + i, factor }));
      return { terms, shift: bias?.[m] ?? 0 };
    });
    return sampled(combined(shortcut, rows), conv.strides);
  },
  BatchNormalization(shortcut, node) {
    const { epsilon } = attributesOf(node, 'BatchNormalization');
    const [scale, shift, mean, variance] = node.inputs
      .slice(1)
      .map((value) => value?.tensor?.data as Float32Array | undefined);
    if (!scale || !shift || !mean || !variance)
      return refuse('not-constant', `the parameters of ${nodeLabel(node)} are not constant`);
    const rows = Array.from(scale, (gamma, m) => {
      const factor = gamma / Math.sqrt(variance[m]! + epsilon);
      return { terms: [{ row: m, factor }], shift: shift[m]! - mean[m]! * factor };
    });
    return combined(shortcut, rows);
  },
  /** x[:, a:b, ::s, ::s]. */
  Slice(shortcut, node) {
    const lists = node.inputs.slice(1).map((value) => value?.tensor && toNumbers(value.tensor));
    const [starts, ends, axes = starts?.map((_, i) => i), steps = starts?.map(() => 1)] = lists;
    if (!starts || !ends || !axes || !steps)
      return refuse('not-constant', `the bounds of ${nodeLabel(node)} are not constant`);
    let result: Shortcut | Refusal = shortcut;
    for (const [i, given] of axes.entries()) {
      if (isRefusal(result)) return result;
      const axis = given < 0 ? given + 4 : given;
      const size: unknown = axis === 1 ? result.outputs : node.inputs[0]?.shape?.[axis];
      const range = { start: starts[i] ?? 0, end: ends[i] ?? 0, step: steps[i] ?? 1 };
      result = axis === 1 ? channelsIn(result, range) : sampledBy(result, { ...range, axis, size, node });
    }
    return result;
  },
  /** Adds zero channels before and after. */
  Pad(shortcut, node) {
    const pads = node.inputs[1]?.tensor && toNumbers(node.inputs[1].tensor);
    const fill = node.inputs[2]?.tensor ? Number(node.inputs[2].tensor.data[0]) : 0;
    const { mode } = attributesOf(node, 'Pad');
    if (pads?.length !== 8 || mode !== 'constant' || fill !== 0 || node.inputs[3])
      return refuse('unsupported', `${nodeLabel(node)} pads with values other than zero`);
    if (pads.some((pad, i) => pad < 0 || (pad > 0 && i % 4 !== 1)))
      return refuse('unsupported', `${nodeLabel(node)} pads axes other than the channels`);
    return between(shortcut, pads[1] ?? 0, pads[5] ?? 0);
  },
  /** Concatenates with zero constants. */
  Concat(shortcut, node) {
    const { axis = 0 } = attributesOf(node, 'Concat');
    const at = node.inputs.findIndex((value) => value && !value.tensor);
    const isZero = node.inputs.every((value, i) => i === at || isAllZero(value));
    if ((axis < 0 ? axis + 4 : axis) !== 1 || !isZero)
      return refuse('unsupported', `${nodeLabel(node)} concatenates channels that are not zero`);
    const width = (values: typeof node.inputs) =>
      values.reduce((sum, value) => sum + (value?.tensor?.shape[1] ?? 0), 0);
    return between(shortcut, width(node.inputs.slice(0, at)), width(node.inputs.slice(at + 1)));
  },
  /** Without padding, and before any other sampling. */
  AveragePool(shortcut, node) {
    const attributes = attributesOf(node, 'AveragePool');
    const [kH = 1, kW = 1] = attributes.kernel_shape ?? [];
    const window = fixedWindow(node, attributes, [kH, kW]);
    if (!window || isPadded(window)) return refuse('inexact', `${nodeLabel(node)} pads`);
    if (shortcut.strides.some((stride) => stride > 1))
      return refuse('unsupported', `${nodeLabel(node)} pools after subsampling`);
    const [sH = 1, sW = 1] = window.strides;
    const [, , height, width] = node.inputs[0]?.shape ?? [];
    const isWhole = Number(height) % sH === 0 && Number(width) % sW === 0;
    if (attributes.ceil_mode && !isWhole)
      return refuse('inexact', `${nodeLabel(node)} has windows that may extend beyond the edge`);
    return { ...sampled(shortcut, [sH, sW]), window: [kH, kW] };
  },
  /** A pool with a 1×1 window samples. */
  MaxPool(shortcut, node) {
    const { kernel_shape: kernel = [], strides: [sH = 1, sW = 1] = [] } = attributesOf(node, 'MaxPool');
    return isPointwise(kernel) ? sampled(shortcut, [sH, sW]) : unsupportedIn(node);
  },
};

const noShortcut = (what: string): Refusal => refuse('no-shortcut', `no shortcut: ${what}`);

/** The refusal for an operator that a shortcut cannot contain. */
export const unsupportedIn = (node: Node): Refusal =>
  noShortcut(`it contains ${nodeLabel(node)}, which is not supported`);

const isAllZero = (value: Value | null): boolean =>
  !!value?.tensor && toNumbers(value.tensor).every((x) => x === 0);

interface WeightedRow {
  readonly terms: readonly { readonly row: number; readonly factor: number }[];
  readonly shift: number;
}

/** A shortcut whose rows are weighted sums of the old rows, in double precision. */
function combined(shortcut: Shortcut, rows: readonly WeightedRow[]): Shortcut {
  const { matrix, bias, inputs, isIdentity } = shortcut;
  const product = new Float32Array(rows.length * inputs);
  const shifts = new Float32Array(rows.length);
  const sum = new Float64Array(inputs);
  rows.forEach(({ terms, shift }, m) => {
    sum.fill(0);
    let total = shift;
    for (const { row, factor } of terms) {
      total += factor * bias[row]!;
      if (isIdentity) sum[row] = factor;
      else for (let c = 0; c < inputs; c++) sum[c]! += factor * matrix[row * inputs + c]!;
    }
    product.set(sum, m * inputs);
    shifts[m] = total;
  });
  return { ...shortcut, matrix: product, bias: shifts, outputs: rows.length, isIdentity: false };
}

const sampled = (shortcut: Shortcut, [y, x]: readonly [number, number]): Shortcut => ({
  ...shortcut,
  strides: [shortcut.strides[0] * y, shortcut.strides[1] * x],
});

interface SliceBounds {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function channelsIn(shortcut: Shortcut, { start, end, step }: SliceBounds): Shortcut | Refusal {
  if (step !== 1) return refuse('unsupported', 'its shortcut selects channels with a step');
  const { outputs } = shortcut;
  const bound = (place: number) => Math.min(Math.max(place < 0 ? place + outputs : place, 0), outputs);
  const rows = Array.from({ length: Math.max(0, bound(end) - bound(start)) }, (_, i) => ({
    terms: [{ row: bound(start) + i, factor: 1 }],
    shift: 0,
  }));
  return combined(shortcut, rows);
}

/** Ends beyond this mean "to the last element". */
const FAR = 2 ** 31 - 2;

interface ShortcutSlice extends SliceBounds {
  readonly axis: number;
  readonly size: unknown;
  readonly node: Node;
}

function sampledBy(
  shortcut: Shortcut,
  { start, end, step, axis, size, node }: ShortcutSlice,
): Shortcut | Refusal {
  const reachesEnd = end >= FAR || (typeof size === 'number' && end >= size);
  if (axis === 0 || start !== 0 || step < 1 || !reachesEnd)
    return refuse('unsupported', `${nodeLabel(node)} crops the feature map`);
  return sampled(shortcut, axis === 2 ? [step, 1] : [1, step]);
}

/** Adds zero rows before and after. */
function between(shortcut: Shortcut, before: number, behind: number): Shortcut {
  const zero = (length: number) => Array.from({ length }, (): WeightedRow => ({ terms: [], shift: 0 }));
  const own = Array.from(
    { length: shortcut.outputs },
    (_, row): WeightedRow => ({ terms: [{ row, factor: 1 }], shift: 0 }),
  );
  return combined(shortcut, [...zero(before), ...own, ...zero(behind)]);
}
