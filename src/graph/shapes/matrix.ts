import { requiredInput, type Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { broadcast, checkStretches, equalDims, shapeOf } from './dims.ts';
import { einsumShape } from './einsum.ts';
import type { Call, ShapeRules } from './rule.ts';

/** […, M, K] · […, K, N] → […, M, N], vectors and broadcasting as in NumPy. */
function multiplied(call: Call, aAt: number, bAt: number): Shape | null {
  const { node } = call;
  const a = shapeOf(call, aAt, [1, Number.POSITIVE_INFINITY]);
  const b = shapeOf(call, bAt, [1, Number.POSITIVE_INFINITY]);
  if (!a || !b) return null;
  const rows = a.length === 1 ? [] : [a.at(-2)!];
  const columns = b.length === 1 ? [] : [b.at(-1)!];
  equalDims(node, 'rows in the second factor', a.at(-1)!, b.at(b.length === 1 ? -1 : -2)!);
  return [...broadcast(node, [a.slice(0, -2), b.slice(0, -2)])!, ...rows, ...columns];
}

/** Matrix products. */
export const matrixShapes = {
  MatMul: (call) => [{ dtype: requiredInput(call.node, 0).dtype, shape: multiplied(call, 0, 1) }],
  MatMulInteger: (call) => [{ dtype: 'int32', shape: multiplied(call, 0, 1) }],
  QLinearMatMul: (call) => [{ dtype: requiredInput(call.node, 7).dtype, shape: multiplied(call, 0, 3) }],
  Gemm: (call) => {
    const { node, attributes } = call;
    const a = shapeOf(call, 0, [2, 2]);
    const b = shapeOf(call, 1, [2, 2]);
    const [rows, inner] = (a && (attributes.transA ? [a[1]!, a[0]!] : a)) ?? [null, null];
    const [depth, columns] = (b && (attributes.transB ? [b[1]!, b[0]!] : b)) ?? [null, null];
    equalDims(node, 'input features', depth!, inner!);
    const shape = [rows!, columns!];
    checkStretches(node, 'a bias', [shape, call.inputs[2]?.shape ?? null]);
    return [{ dtype: requiredInput(node, 0).dtype, shape }];
  },
  Einsum: (call) => [
    { dtype: requiredInput(call.node, 0).dtype, shape: einsumShape(call, call.attributes.equation) },
  ],
} satisfies Partial<ShapeRules<OperatorName>>;
