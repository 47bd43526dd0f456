import { nodeLabel, type Shape } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { int64s, toNumbers } from '../../numeric/tensor.ts';
import { type Channels, transposed } from './channels.ts';
import { stay } from './elementwise.ts';
import { alongOne, reshaped } from './layout.ts';
import { type CouplingCall, type CouplingRules, rankOf, shapeOf } from './rule.ts';
import type { CouplingScope } from './scope.ts';

/** Operators that lay the same elements out otherwise. */
export const reshapingCouplings = {
  Reshape(call, scope) {
    const { node, inputs, outputs } = call;
    const result = laidOut(call, scope);
    const target = inputs[1];
    if (!result || !target?.tensor) return result ? stay(call, scope) : [null];
    scope.edit((kept, replaceInput) => {
      const sizes = toNumbers(target.tensor!).map((size, axis) =>
        writtenOut(size, shapeOf(outputs[0])[axis]),
      );
      for (const axis of result.axes) {
        if (sizes[axis] !== -1) sizes[axis] = kept.along(result, axis).length;
      }
      replaceInput(node, 1, int64s(sizes));
    });
    return [result];
  },
  Flatten: (call, scope) => [laidOut(call, scope)],
  Squeeze: (call, scope) => [laidOut(call, scope)],
  Unsqueeze: (call, scope) => [laidOut(call, scope)],
  Transpose({ inputs: [x], channels: [carried], attributes }) {
    const rank = rankOf(x);
    const order = attributes.perm ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
    return [carried ? transposed(carried, order) : null];
  },
  Expand(call, scope) {
    const { node, inputs, outputs, channels } = call;
    const x = channels[0];
    if (!x) return [null];
    const target = inputs[1]?.tensor;
    if (!target) return stay(call, scope);
    const shift = rankOf(outputs[0]) - rankOf(inputs[0]);
    const result = { ...x, axes: x.axes.map((axis) => axis + shift) };
    scope.edit((kept, replaceInput) => {
      const sizes = toNumbers(target);
      const missing = rankOf(outputs[0]) - sizes.length;
      for (const axis of result.axes) {
        if (axis >= missing && sizes[axis - missing] !== 1)
          sizes[axis - missing] = kept.along(result, axis).length;
      }
      replaceInput(node, 1, int64s(sizes));
    });
    return [result];
  },
  Tile(call, scope) {
    const repeats = call.inputs[1]?.tensor && toNumbers(call.inputs[1].tensor);
    const [x] = call.channels;
    if (!x) return [null];
    return repeats && x.axes.every((axis) => repeats[axis] === 1) ? [x] : stay(call, scope);
  },
} satisfies Partial<CouplingRules>;

/**
 * The channels after a change of shape. Where more than one axis carries them, as groups and heads do, those that differ
 * along the longest alone may differ: a tensor stays a tensor only if the same places go from every row.
 */
function laidOut(call: CouplingCall<OperatorName>, scope: CouplingScope): Channels | null {
  const { node, inputs, outputs, channels } = call;
  const [x] = channels;
  if (!x) return null;
  if (x.axes.length === 0) return stay(call, scope)[0]!;
  const given = reshaped(x, [shapeOf(inputs[0]), shapeOf(outputs[0])], scope.join);
  if (!given) {
    scope.pin(x, `has free dimensions in ${nodeLabel(node)}`);
    return null;
  }
  const compact = scope.compress(given);
  if (compact.axes.length === 1) return compact;
  if (compact.axes.length === 0) {
    scope.pin(x, `has channels that can only go all at once from ${nodeLabel(node)} on`);
    return null;
  }
  return alongOne(compact, keptAxis(call, compact), scope.join);
}

/** The axis along which channels go: the one that a normalisation behind leaves alone, else the longest, of equals the last. */
function keptAxis({ readers }: CouplingCall<OperatorName>, { axes, sizes }: Channels): number {
  const perInstance = axes.includes(1) && readers().some(({ op }) => op === 'InstanceNormalization');
  return perInstance ? 1 : axes[sizes.lastIndexOf(Math.max(...sizes))]!;
}

/** 0 copies a dimension: it is written out, as its position may count for another. */
function writtenOut(size: number, dim: Shape[number] | undefined): number {
  return size === 0 && typeof dim === 'number' ? dim : size;
}
