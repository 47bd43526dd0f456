import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { number } from '../append.ts';
import type { GradientRows } from '../rule.ts';

/** dy where the condition is true, else 0. */
const keep = (g: Builder, condition: Value, dy: Value): Value => g.Where(condition, dy, number(g, 0, dy));

/** x > threshold. */
const above = (g: Builder, x: Value, threshold: number): Value => g.Greater(x, number(g, threshold, x));

const scaled = (g: Builder, factor: number, x: Value): Value => g.Mul(x, number(g, factor, x));

/**
 * Activations, with y = f(x) in each comment. At a kink, the gradient is that of the side to which ONNX's formula assigns the
 * point.
 */
export const activationGradients = {
  Relu: ({ outputs: [y] }, [dy], g) => [g.ReluGrad(dy, y)],
  Sigmoid: ({ outputs: [y] }, [dy], g) => [g.SigmoidGrad(dy, y)],
  Tanh: ({ outputs: [y] }, [dy], g) => [g.TanhGrad(dy, y)],
  /** y = ln(1 + eˣ): y′ = σ(x). */
  Softplus: ({ inputs: { x } }, [dy], g) => [g.Mul(dy, g.Sigmoid(x))],
  /** y = x/(1 + |x|): y′ = 1/(1 + |x|)² = (1 − |y|)². */
  Softsign: ({ outputs: [y] }, [dy], g) => {
    const root = g.Sub(number(g, 1, y), g.Abs(y));
    return [g.Mul(dy, g.Mul(root, root))];
  },
  HardSwish: ({ inputs: { x } }, [dy], g) => [g.HardSwishGrad(dy, x)],
  Mish: ({ inputs: { x } }, [dy], g) => [g.MishGrad(dy, x)],
  LeakyRelu: ({ inputs: { x }, attributes: { alpha } }, [dy], g) => [g.LeakyReluGrad(dy, x, { alpha })],
  /** x ≤ 0: y = α(eˣ − 1), y′ = y + α. */
  Elu: ({ inputs: { x }, outputs: [y], attributes: { alpha } }, [dy], g) => [
    g.Where(above(g, x, 0), dy, g.Mul(dy, g.Add(y, number(g, alpha, y)))),
  ],
  /** x ≤ 0: y = α(e^(x/α) − 1), y′ = y/α + 1. */
  Celu: ({ inputs: { x }, outputs: [y], attributes: { alpha } }, [dy], g) => [
    g.Where(above(g, x, 0), dy, g.Mul(dy, g.Add(scaled(g, 1 / alpha, y), number(g, 1, y)))),
  ],
  /** x > 0: y′ = γ; x ≤ 0: y = γα(eˣ − 1), y′ = y + γα. */
  Selu: ({ inputs: { x }, outputs: [y], attributes: { alpha, gamma } }, [dy], g) => [
    g.Where(above(g, x, 0), scaled(g, gamma, dy), g.Mul(dy, g.Add(y, number(g, gamma * alpha, y)))),
  ],
  ThresholdedRelu: ({ inputs: { x }, attributes: { alpha } }, [dy], g) => [keep(g, above(g, x, alpha), dy)],
  /** y = clip(αx + β, 0, 1): y′ = α where 0 < y < 1. */
  HardSigmoid: ({ outputs: [y], attributes: { alpha } }, [dy], g) => [
    scaled(g, alpha, g.ClipGrad(dy, y, number(g, 0, y), number(g, 1, y))),
  ],
  Gelu: ({ inputs: { x }, attributes: { approximate } }, [dy], g) => [g.GeluGrad(dy, x, { approximate })],
  /** y = x ∓ bias beyond ±λ, else 0. */
  Shrink: ({ inputs: { x }, attributes: { lambd } }, [dy], g) => [keep(g, above(g, g.Abs(x), lambd), dy)],
  /** The gradient is dy between the bounds, else 0. */
  Clip: ({ inputs: { min, max }, outputs: [y] }, [dy], g) => [g.ClipGrad(dy, y, min, max)],
  /** y = max(x, 0) + slope·min(x, 0). */
  PRelu: ({ inputs: { x, slope } }, [dy], g) => [
    g.Where(above(g, x, 0), dy, g.Mul(dy, slope)),
    g.Mul(dy, g.Min(x, number(g, 0, x))),
  ],
} satisfies Partial<GradientRows<OperatorName>>;
