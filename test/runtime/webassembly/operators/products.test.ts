import { describeOperators, weight } from '../../../support/compiled-operators.ts';

describeOperators('products of matrices', {
  'MatMul by a matrix': [
    [2, 9, 5],
    (g, x) => g.Relu(g.Add(g.MatMul(x, weight(g, [5, 14])), weight(g, [14], 51))),
  ],
  'MatMul by a narrow matrix': [[9, 5], (g, x) => g.Add(g.MatMul(x, weight(g, [5, 3])), weight(g, [3], 51))],
  'MatMul of few rows': [[3, 5], (g, x) => g.Add(g.MatMul(x, weight(g, [5, 9])), weight(g, [9], 51))],
  'MatMul of computed stacks': [
    [2, 3, 6, 5],
    (g, x) => g.MatMul(x, g.Transpose(g.Tanh(x), { perm: [0, 1, 3, 2] })),
  ],
  'MatMul of stacks that broadcast': [[2, 1, 6, 5], (g, x) => g.MatMul(x, weight(g, [3, 5, 18]))],
  'MatMul from the left': [[2, 5, 7], (g, x) => g.MatMul(weight(g, [6, 5]), x)],
  'MatMul with a residual': [[2, 9, 6], (g, x) => g.Add(g.MatMul(x, weight(g, [6, 6])), x)],
  'MatMul by a vector': [[3, 5], (g, x) => g.MatMul(x, weight(g, [5]))],
  Gemm: [
    [3, 5],
    (g, x) => g.Gemm(x, weight(g, [7, 5]), weight(g, [7], 51), { transB: 1, alpha: 0.5, beta: 2 }),
  ],
  'Gemm of computed operands': [
    [5, 3],
    (g, x) => g.Gemm(x, g.Tanh(x), weight(g, [3, 1]), { transA: 1, beta: 0.5 }),
  ],
});
