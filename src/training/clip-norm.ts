import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

/** Added to the norm before the division, as in PyTorch's clip_grad_norm_. */
const TINY = 1e-6;

/**
 * Multiplies gradients by min(1, c/‖g‖₂), where the norm is over all of them (Pascanu et al., ICML 2013, arXiv:1211.5063).
 */
export function clipNorm(g: Builder, gradients: readonly Value[], most: number): Value[] {
  const squares = gradients.map((gradient) => g.ReduceSum(g.Mul(gradient, gradient), null, { keepdims: 0 }));
  const norm = g.Sqrt(squares.reduce((sum, square) => g.Add(sum, square)));
  const factor = g.Min(g.floats(1), g.Div(g.floats(most), g.Add(norm, g.floats(TINY))));
  return gradients.map((gradient) => g.Mul(gradient, factor));
}
