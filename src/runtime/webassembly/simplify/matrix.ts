import { requiredInput, staticShape, type Value } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { elementCount } from '../../../numeric/tensor.ts';

import type { Simplification } from './simplification.ts';

/** Treats vectors as matrices with one row or column. */
export const matMul: Simplification = (node, g) => {
  const [a, b] = [requiredInput(node, 0), requiredInput(node, 1)];
  const [from, to] = [staticShape(a), staticShape(b)];
  const [y] = node.outputs;
  if (!y || (from.length > 1 && to.length > 1)) return null;
  const matrix = (value: Value, shape: readonly number[]) => g.Reshape(value, g.int64s(shape));
  const product = g.MatMul(
    from.length === 1 ? matrix(a, [1, ...from]) : a,
    to.length === 1 ? matrix(b, [...to, 1]) : b,
  );
  return matrix(product, staticShape(y));
};

/** Gemm as a product and a sum, if α, β, bias or weight are not those of a fully connected layer. */
export const gemm: Simplification = (node, g) => {
  const [a, b] = [requiredInput(node, 0), requiredInput(node, 1)];
  const [, , c] = node.inputs;
  const { alpha, beta, transA, transB } = attributesOf(node, 'Gemm');
  const [y] = node.outputs;
  if (!y) return null;
  const [, columns = 1] = staticShape(y);
  const isRow =
    !c || (c.tensor !== null && [1, columns].includes(elementCount(c.tensor.shape)) && c.shape?.at(-1) !== 1);
  if (!transA && b.tensor && isRow) return null;
  const turned = (value: Value) => g.Transpose(value, { perm: [1, 0] });
  const scaled = (value: Value, factor: number) => (factor === 1 ? value : g.Mul(value, g.floats(factor)));
  const product = scaled(g.MatMul(transA ? turned(a) : a, transB ? turned(b) : b), alpha);
  return c ? g.Add(product, scaled(c, beta)) : product;
};
