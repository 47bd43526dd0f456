import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import type { WeightedTaps } from '../graph/resize-taps.ts';
import { elementCount, floats } from '../numeric/tensor.ts';
import { reshape } from './append.ts';
import { dims } from './call.ts';

/**
 * The adjoint of a resize to the shape of `dy`, axis by axis: with y = R·x along an axis, where R [to, from] are the weights
 * of its taps, dx = Rᵀ·dy.
 */
export function unresampled(
  g: Builder,
  dy: Value,
  { size, tapsOf }: { readonly size: readonly number[]; readonly tapsOf: (axis: number) => WeightedTaps },
): Value {
  const shape = [...dims(dy)];
  let result = dy;
  for (const axis of [...size.keys()].reverse()) {
    const [from, to] = [size[axis]!, shape[axis]!];
    const taps = tapsOf(axis);
    if (isIdentity(taps, from)) continue;
    shape[axis] = from;
    const inner = elementCount(shape.slice(axis + 1));
    const rows = elementCount(shape.slice(0, axis));
    const weights = weightsOf(taps, from);
    const product =
      inner === 1
        ? g.MatMul(reshape(g, result, [rows, to]), g.constant(weights))
        : g.MatMul(g.constant(transposed(weights)), reshape(g, result, [rows, to, inner]));
    result = reshape(g, product, shape);
  }
  return result;
}

const isIdentity = (taps: WeightedTaps, from: number): boolean =>
  taps.length === from &&
  taps.every((row, i) => row.every(({ index, weight }) => weight === (index === i ? 1 : 0) || weight === 0));

/** R [to, from]. */
function weightsOf(taps: WeightedTaps, from: number) {
  const weights = floats([taps.length, from], new Float32Array(taps.length * from));
  for (const [row, list] of taps.entries())
    for (const { index, weight } of list) weights.data[row * from + index]! += weight;
  return weights;
}

function transposed({ shape, data }: ReturnType<typeof weightsOf>) {
  const [rows, columns] = shape as [number, number];
  return floats(
    [columns, rows],
    data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}
