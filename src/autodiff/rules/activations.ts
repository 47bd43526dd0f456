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

/** y′ = Φ(x) + x·φ(x), with the normal distribution's Φ = ½(1 + erf(x/√2)) and φ = e^(−x²/2)/√(2π). */
function exactGelu(g: Builder, x: Value): Value {
  const cumulative = scaled(g, 0.5, g.Add(g.Erf(scaled(g, Math.SQRT1_2, x)), number(g, 1, x)));
  const density = scaled(g, 1 / Math.sqrt(2 * Math.PI), g.Exp(scaled(g, -0.5, g.Mul(x, x))));
  return g.Add(cumulative, g.Mul(x, density));
}

/** y = ½x(1 + t), t = tanh u, u = √(2/π)(x + c·x³): y′ = ½(1 + t) + ½x(1 − t²)·√(2/π)(1 + 3c·x²). */
function tanhGelu(g: Builder, x: Value): Value {
  const [one, root, c] = [number(g, 1, x), Math.sqrt(2 / Math.PI), 0.044715];
  const square = g.Mul(x, x);
  const t = g.Tanh(scaled(g, root, g.Mul(x, g.Add(scaled(g, c, square), one))));
  const slope = scaled(g, root, g.Add(scaled(g, 3 * c, square), one));
  const bent = g.Mul(g.Mul(x, g.Sub(one, g.Mul(t, t))), slope);
  return scaled(g, 0.5, g.Add(g.Add(t, one), bent));
}

/**
 * Activations, with y = f(x) in each comment. At a kink, the gradient is that of the side to which ONNX's formula assigns the
 * point.
 */
export const activationGradients = {
  Relu: ({ outputs: [y] }, [dy], g) => [g.ReluGrad(dy, y)],
  /** y′ = y(1 − y). */
  Sigmoid: ({ outputs: [y] }, [dy], g) => [g.Mul(dy, g.Mul(y, g.Sub(number(g, 1, y), y)))],
  /** y′ = 1 − y². */
  Tanh: ({ outputs: [y] }, [dy], g) => [g.Mul(dy, g.Sub(number(g, 1, y), g.Mul(y, y)))],
  /** y = ln(1 + eˣ): y′ = σ(x). */
  Softplus: ({ inputs: { x } }, [dy], g) => [g.Mul(dy, g.Sigmoid(x))],
  /** y = x/(1 + |x|): y′ = 1/(1 + |x|)² = (1 − |y|)². */
  Softsign: ({ outputs: [y] }, [dy], g) => {
    const root = g.Sub(number(g, 1, y), g.Abs(y));
    return [g.Mul(dy, g.Mul(root, root))];
  },
  /** y = x·s, s = clip(x/6 + ½, 0, 1): y′ = s + x/6 where 0 < s < 1. */
  HardSwish: ({ inputs: { x } }, [dy], g) => {
    const within = g.Less(g.Abs(x), number(g, 3, x));
    const gate = g.HardSigmoid(x, { alpha: 1 / 6, beta: 0.5 });
    return [g.Mul(dy, g.Add(gate, keep(g, within, scaled(g, 1 / 6, x))))];
  },
  /** y = x·t, t = tanh(softplus x): y′ = t + x·σ(x)·(1 − t²). */
  Mish: ({ inputs: { x } }, [dy], g) => {
    const t = g.Tanh(g.Softplus(x));
    const bent = g.Mul(g.Mul(x, g.Sigmoid(x)), g.Sub(number(g, 1, x), g.Mul(t, t)));
    return [g.Mul(dy, g.Add(t, bent))];
  },
  LeakyRelu: ({ inputs: { x }, attributes: { alpha } }, [dy], g) => [
    g.Where(above(g, x, 0), dy, scaled(g, alpha, dy)),
  ],
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
    keep(g, g.And(above(g, y, 0), g.Less(y, number(g, 1, y))), scaled(g, alpha, dy)),
  ],
  Gelu: ({ inputs: { x }, attributes: { approximate } }, [dy], g) => [
    g.Mul(dy, approximate === 'tanh' ? tanhGelu(g, x) : exactGelu(g, x)),
  ],
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
