import { makeValue, type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { reducedAxes } from '../../../graph/reduced-axes.ts';
import { explicitWindow } from '../../../graph/window.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import type { Operand } from '../compile/operand.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor, PostOperation } from '../library/api.ts';
import { isBlocked } from './joining.ts';
import type { Kernels } from './kernel.ts';
import { pool } from './pooling.ts';

/** Matrix products, and sums computed as products with ones. */
export const matrixKernels = {
  Gemm({ node, inputs: { a, b, c }, outputs: [y], attributes }, scope) {
    const { alpha, beta, transA, transB } = attributes;
    const columns = staticShape(y, 2)[1];
    const rowVector = !c || elementCount(staticShape(c)) === columns;
    const onlyColumns = !c || staticShape(c).at(-1) === columns;
    if (!rowVector || !onlyColumns || (c && (beta !== 1 || alpha !== 1)) || y.dtype !== 'float32')
      return false;
    const after: PostOperation[] = alpha === 1 ? [] : [{ kind: 'elementwise', algorithm: 'linear', alpha }];
    const src = matrixOf(scope, a, transA === 1);
    const weights = matrixOf(scope, b, transB === 1);
    const dst = scope.plain(staticShape(y));
    const bias = scope.plain([1, columns]);
    const operation = { kind: 'matmul', src, weights, dst, ...(c ? { bias } : {}) } as const;
    const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node), after });
    scope.run(primitive, {
      src: scope.seen(scope.readPlain(a), src),
      weights: scope.seen(scope.readPlain(b), weights),
      ...(c ? { bias: scope.seen(scope.readPlain(c), bias) } : {}),
      dst: scope.write(y, dst),
    });
    return true;
  },
  MatMul({ node, inputs: { a, b }, outputs: [y] }, scope) {
    const [left, right, result] = [staticShape(a), staticShape(b), staticShape(y)];
    if (left.length < 2 || right.length < 2 || y.dtype !== 'float32') return false;
    const rank = result.length;
    const padded = (shape: readonly number[]) =>
      scope.plain([...new Array<number>(rank - shape.length).fill(1), ...shape]);
    const [src, weights, dst] = [padded(left), padded(right), padded(result)];
    const primitive = requiredPrimitive(
      scope.dnnl,
      { kind: 'matmul', src, weights, dst },
      { where: nodeLabel(node) },
    );
    scope.run(primitive, {
      src: scope.seen(scope.readPlain(a), src),
      weights: scope.seen(scope.readPlain(b), weights),
      dst: scope.write(y, dst),
    });
    return true;
  },
  ReduceSum({ node, inputs: { x, axes }, outputs: [y], attributes }, scope) {
    const reduced = reducedAxes(attributes, axes, staticShape(x).length);
    return weightedSum({ node, x: x, y: y }, scope, { axes: reduced, share: () => 1 });
  },
  ReduceMean({ node, inputs: { x, axes }, outputs: [y], attributes }, scope) {
    const reduced = reducedAxes(attributes, axes, staticShape(x).length);
    return weightedSum({ node, x: x, y: y }, scope, { axes: reduced, share: (count) => 1 / count });
  },
} satisfies Kernels;

/** A row-major matrix, or its transpose. */
function matrixOf(scope: LoweringScope, value: Value, transposed: boolean): Descriptor {
  const [rows, columns] = staticShape(value, 2);
  if (!transposed) return scope.plain([rows, columns]);
  return scope.dnnl.describe([columns, rows], { strides: [1, columns] });
}

/** Whether a reduction has no axes, with noop_with_empty_axes, and is therefore a copy. */
export const isNothing = (axes: readonly number[], shape: readonly number[]): boolean =>
  axes.length === 0 && shape.length > 0;

/** Σ share·x over some axes: if they are outermost, the product of a row vector and a matrix. */
function weightedSum(
  { node, x, y }: { node: Node; x: Value; y: Value },
  scope: LoweringScope,
  { axes, share }: { axes: readonly number[] | null; share: (count: number) => number },
): boolean {
  const shape = staticShape(x);
  if (!axes || isNothing(axes, shape) || x.dtype !== 'float32') return false;
  const isOverPlaces = isBlocked(scope, x) && shape.every((_, axis) => axis < 2 || axes.includes(axis));
  if (isOverPlaces && !axes.includes(1))
    return sumOfPools({ node, x, y }, scope, { batch: axes.includes(0), share });
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const summed = shape.flatMap((_, axis) => (axes.includes(axis) ? [axis] : []));
  const rows = elementCount(shape.filter((_, axis) => axes.includes(axis)));
  const columns = elementCount(shape.filter((_, axis) => !axes.includes(axis)));
  const ones = () => scope.constant(rows, share(rows));
  if (columns > 1 && summed[0] === kept.length)
    return product({ node, left: scope.readPlain(x), right: ones(), y }, scope, [columns, rows, 1]);
  const source = scope.read(x, scope.permuted(shape, [...summed, ...kept]));
  return product({ node, left: ones(), right: source, y }, scope, [1, rows, columns]);
}

/** y = left·right, of matrices [n, k] and [k, m] that lie row-major. */
function product(
  { node, left, right, y }: { node: Node; left: Operand; right: Operand; y: Value },
  scope: LoweringScope,
  [n, k, m]: readonly [number, number, number],
): true {
  const [src, weights, dst] = [scope.plain([n, k]), scope.plain([k, m]), scope.plain([n, m])];
  const operation = { kind: 'matmul', src, weights, dst } as const;
  scope.run(requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) }), {
    src: scope.seen(left, src),
    weights: scope.seen(right, weights),
    dst: scope.seen(scope.write(y), dst),
  });
  return true;
}

/** Σ share·x over all places of each channel, and over the images of a batch: the means of a pool, added up. */
function sumOfPools(
  { node, x, y }: { node: Node; x: Value; y: Value },
  scope: LoweringScope,
  { batch, share }: { batch: boolean; share: (count: number) => number },
): boolean {
  const [images, channels, ...places] = staticShape(x, 2);
  const means = makeValue(`${x.name} means`, 'float32', [images, channels, ...places.map(() => 1)]);
  const window = explicitWindow({}, places, places);
  if (!pool({ node, algorithm: 'average', kernel: places, window }, scope, [x, means])) return false;
  const count = elementCount(places);
  const factor = count * share(batch ? images * count : count);
  const right = scope.readPlain(means);
  if (batch)
    return product({ node, left: scope.constant(images, factor), right, y }, scope, [1, images, channels]);
  const left = scope.constant(1, factor);
  return product({ node, left, right, y }, scope, [1, 1, images * channels]);
}
