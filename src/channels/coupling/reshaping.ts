import { type Node, nodeLabel, type Shape, type Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { int64s, toNumbers } from '../../numeric/tensor.ts';
import { type Channels, permutedChannels } from './channels.ts';
import { stay } from './elementwise.ts';
import { alongOne, reshaped } from './layout.ts';
import { type CouplingCall, type CouplingRules, dimensionsOf, rankOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

type Reshaping = 'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze';

/** Operators that rearrange the same elements. */
export const reshapingCouplings = {
  Reshape(call, scope) {
    const result = laidOut(call, scope);
    if (!result) return [null];
    const segments = targetSegments(call);
    const isConstant = (axis: number) => segments.some(({ start, sizes }) => axis - start in sizes);
    if (!result.axes.every(isConstant)) return stay(call, scope);
    for (const { node, index, start, sizes } of segments) {
      scope.edit(node, (edited, kept, replaceInput) => {
        const left = sizes.map((size, i) => {
          if (size === -1 || !result.axes.includes(start + i)) return size;
          return kept.along(result, start + i).length;
        });
        replaceInput(edited, index, int64s(left));
      });
    }
    return [result];
  },
  Flatten: (call, scope) => [laidOut(call, scope)],
  Squeeze: (call, scope) => [laidOut(call, scope)],
  Unsqueeze: (call, scope) => [laidOut(call, scope)],
  Transpose({ inputs: { x }, channels: [carried], attributes }) {
    const rank = rankOf(x);
    const order = attributes.perm ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
    return [carried ? permutedChannels(carried, order) : null];
  },
  Expand(call, scope) {
    const { node, inputs, outputs, channels } = call;
    const x = channels[0];
    if (!x) return [null];
    const target = inputs.shape.tensor;
    if (!target) return stay(call, scope);
    const shift = rankOf(outputs[0]) - rankOf(inputs.x);
    const result = { ...x, axes: x.axes.map((axis) => axis + shift) };
    scope.edit(node, (edited, kept, replaceInput) => {
      const sizes = toNumbers(target);
      const missing = rankOf(outputs[0]) - sizes.length;
      for (const axis of result.axes) {
        if (axis >= missing && sizes[axis - missing] !== 1)
          sizes[axis - missing] = kept.along(result, axis).length;
      }
      replaceInput(edited, 1, int64s(sizes));
    });
    return [result];
  },
  Tile(call, scope) {
    const { tensor } = call.inputs.repeats;
    const [x] = call.channels;
    if (!x) return [null];
    const repeats = tensor ? toNumbers(tensor) : [];
    return x.axes.every((axis) => repeats[axis] === 1) ? [x] : stay(call, scope);
  },
} satisfies Partial<CouplingRules>;

/**
 * The channels after a change of shape. If several axes have labels, as with groups and heads, only those along one axis may
 * differ: a tensor remains a tensor only if the same indices are removed from every row.
 */
function laidOut(call: CouplingCall<Reshaping>, scope: CouplingScope): Channels | null {
  const { node, inputs, outputs, channels } = call;
  const [x] = channels;
  if (!x) return null;
  if (x.axes.length === 0) return stay(call, scope)[0]!;
  const given = reshaped(x, [dimensionsOf(inputs.x), dimensionsOf(outputs[0])], scope.join);
  if (!given) {
    scope.pin(x, `it has free dimensions in ${nodeLabel(node)}`);
    return null;
  }
  const compact = scope.compress(given);
  if (compact.axes.length === 1) return compact;
  if (compact.axes.length === 0) {
    scope.pin(x, `it has channels that can only be removed all together after ${nodeLabel(node)}`);
    return null;
  }
  return alongOne(compact, keptAxis(call, compact), scope.join);
}

/**
 * The axis along which channels can be removed: one that a following normalisation does not cover, else the longest; of equal
 * ones, the last.
 */
function keptAxis({ readers }: CouplingCall<OperatorName>, { axes, sizes }: Channels): number {
  const perInstance =
    axes.includes(1) && readers().some((reader) => isOperator(reader, 'InstanceNormalization'));
  return perInstance ? 1 : axes[sizes.lastIndexOf(Math.max(...sizes))]!;
}

/** Sizes of a target that are in a constant: input `index` of `node`. */
interface Segment {
  readonly node: Node;
  readonly index: number;
  /** The axis of the first size. */
  readonly start: number;
  readonly sizes: readonly number[];
}

/** The target of a Reshape, or the constants concatenated to it: exporters insert open sizes between them. */
function targetSegments({ node, inputs, outputs, ownProducer }: CouplingCall<'Reshape'>): Segment[] {
  const segment = (value: Value | null | undefined, at: Omit<Segment, 'sizes'>): Segment[] => {
    if (!value?.tensor) return [];
    const sizes = toNumbers(value.tensor).map((size, i) =>
      writtenOut(size, dimensionsOf(outputs[0])[at.start + i]),
    );
    return [{ ...at, sizes }];
  };
  if (inputs.shape.tensor) return segment(inputs.shape, { node, index: 1, start: 0 });
  const joined = ownProducer(1);
  if (!isOperator(joined, 'Concat')) return [];
  let start = 0;
  return joined.inputs.flatMap((part, index) => {
    const found = segment(part, { node: joined, index, start });
    start += Number(dimensionsOf(part)[0] ?? Number.NaN);
    return found;
  });
}

/** Replaces a 0, which copies a dimension, by its size, because the axis at its position may change. */
function writtenOut(size: number, dim: Shape[number] | undefined): number {
  return size === 0 && typeof dim === 'number' ? dim : size;
}
