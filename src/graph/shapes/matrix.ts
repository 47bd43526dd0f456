import type { Dim, Node, Shape, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { broadcastTwo, checkStretches, equalDims, shapeOfLeastRank, shapeOfRank } from './dims.ts';
import { einsumShape } from './einsum.ts';
import type { Call, ShapeRules } from './rule.ts';

interface Factors {
  readonly a: Value;
  readonly b: Value;
}

/** […, M, K] · […, K, N] → […, M, N], with vectors and broadcasting as in NumPy. */
function multiplied({ node, inputs }: Call & { readonly inputs: Factors }): Shape | null {
  const a = shapeOfLeastRank(node, inputs.a, 1);
  const b = shapeOfLeastRank(node, inputs.b, 1);
  if (!a || !b) return null;
  const rows = a.slice(-2, -1);
  const columns = b.length === 1 ? [] : b.slice(-1);
  const [inner = null, depth = null] = [a.at(-1), b.at(b.length === 1 ? -1 : -2)];
  equalDims(node, 'rows in the second factor', inner, depth);
  return [...broadcastTwo(node, a.slice(0, -2), b.slice(0, -2)), ...rows, ...columns];
}

function matrixShape(node: Node, input: Value, transposed: number): readonly [Dim, Dim] {
  const [rows, columns] = shapeOfRank(node, input, 2) ?? [null, null];
  return transposed ? [columns, rows] : [rows, columns];
}

/** Matrix products. */
export const matrixShapes = {
  MatMul: (call) => [{ dtype: call.inputs.a.dtype, shape: multiplied(call) }],
  MatMulInteger: (call) => [{ dtype: 'int32', shape: multiplied(call) }],
  QLinearMatMul: (call) => [{ dtype: call.inputs.yZeroPoint.dtype, shape: multiplied(call) }],
  Gemm: (call) => {
    const { node, inputs, attributes } = call;
    const [rows, inner] = matrixShape(node, inputs.a, attributes.transA);
    const [depth, columns] = matrixShape(node, inputs.b, attributes.transB);
    equalDims(node, 'input features', depth, inner);
    const shape = [rows, columns];
    checkStretches(node, 'a bias', [shape, inputs.c?.shape ?? null]);
    return [{ dtype: inputs.a.dtype, shape }];
  },
  Einsum: (call) => [
    { dtype: call.inputs.inputs[0]?.dtype ?? null, shape: einsumShape(call, call.attributes.equation) },
  ],
} satisfies Partial<ShapeRules<OperatorName>>;
