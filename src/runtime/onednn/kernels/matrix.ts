import { type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { reducedAxes } from '../../../graph/reduced-axes.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor, PostOperation } from '../library/api.ts';
import type { Kernels } from './kernel.ts';

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
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const summed = shape.flatMap((_, axis) => (axes.includes(axis) ? [axis] : []));
  const rows = elementCount(shape.filter((_, axis) => axes.includes(axis)));
  const columns = elementCount(shape.filter((_, axis) => !axes.includes(axis)));
  const row = scope.plain([1, rows]);
  const matrix = scope.plain([rows, columns]);
  const result = scope.plain([1, columns]);
  const primitive = requiredPrimitive(
    scope.dnnl,
    { kind: 'matmul', src: row, weights: matrix, dst: result },
    { where: nodeLabel(node) },
  );
  const source = scope.read(x, scope.permuted(shape, [...summed, ...kept]));
  scope.run(primitive, {
    src: scope.seen(scope.constant(rows, share(rows)), row),
    weights: scope.seen(source, matrix),
    dst: scope.seen(scope.write(y), result),
  });
  return true;
}
