import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { reshape, transposed } from '../append.ts';
import { dims } from '../call.ts';
import type { GradientRows } from '../rule.ts';

/** [.., K, C] → [K′, C]. */
const flattened = (g: Builder, value: Value): Value => reshape(g, value, [-1, ...dims(value).slice(-1)]);

/** The operands of MatMul as matrices (a vector a is a row, b a column), and dy with the same axes. */
function asMatrices(g: Builder, operands: readonly [Value, Value], dy: Value) {
  const [a, b] = [dims(operands[0]), dims(operands[1])];
  const batch = dims(dy).slice(0, dims(dy).length - Number(a.length > 1) - Number(b.length > 1));
  const [rows = 1] = a.slice(-2, -1);
  const columns = b.length > 1 ? b.slice(-1) : [1];
  return {
    a: a.length > 1 ? operands[0] : reshape(g, operands[0], [1, ...a]),
    b: b.length > 1 ? operands[1] : reshape(g, operands[1], [...b, 1]),
    dy: a.length > 1 && b.length > 1 ? dy : reshape(g, dy, [...batch, rows, ...columns]),
  };
}

/** Products of matrices. */
export const matrixGradients = {
  /** y = α·A′B′ + β·C, A′ = A or Aᵀ, B′ = B or Bᵀ: dA′ = α·dy·B′ᵀ, dB′ = α·A′ᵀ·dy, dC = β·dy. */
  Gemm: ({ inputs: { a, b }, attributes: { alpha, beta, transA, transB } }, [dy], g) => [
    transA
      ? g.Gemm(b, dy, { alpha, transA: transB, transB: 1 })
      : g.Gemm(dy, b, { alpha, transB: transB ? 0 : 1 }),
    transB
      ? g.Gemm(dy, a, { alpha, transA: 1, transB: transA })
      : g.Gemm(a, dy, { alpha, transA: transA ? 0 : 1 }),
    beta === 1 ? dy : g.Mul(dy, g.floats(beta)),
  ],
  /** y = AB: dA = dy·Bᵀ, dB = Aᵀ·dy. If B is one matrix for the whole batch, dB is a single product over all rows. */
  MatMul: ({ inputs }, [gradient], g) => {
    const { a, b, dy } = asMatrices(g, [inputs.a, inputs.b], gradient);
    const shared = dims(b).length === 2 && dims(a).length > 2;
    const da = g.MatMul(dy, transposed(g, b));
    const db = shared
      ? g.Gemm(flattened(g, a), flattened(g, dy), { transA: 1 })
      : g.MatMul(transposed(g, a), dy);
    const vector = dims(inputs.b).length === 1;
    return [da, vector ? reshape(g, db, dims(db).slice(0, -1)) : db];
  },
  Einsum: 'unsupported',
} satisfies Partial<GradientRows<OperatorName>>;
