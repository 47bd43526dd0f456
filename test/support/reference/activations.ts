const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Φ(x), the normal distribution's function, by its series: Φ(x) = ½ + φ(x)·Σ x²ⁿ⁺¹/(1·3·5…(2n + 1)). */
export function normalDistribution(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= x ** 2 / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-(x ** 2) / 2)) / Math.sqrt(2 * Math.PI);
}

/** Activations by ONNX's formulas. */
export const activations = {
  Relu: (x) => Math.max(x, 0),
  Sigmoid: sigmoid,
  Tanh: Math.tanh,
  Exp: Math.exp,
  Log: Math.log,
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  HardSwish: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  HardSigmoid: (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
  LeakyRelu: (x) => (x < 0 ? 0.01 * x : x),
  Softplus: (x) => Math.log1p(Math.exp(x)),
  Mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  Swish: (x) => x * sigmoid(x),
  Gelu: (x) => x * normalDistribution(x),
  GeluByTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
} as const satisfies Readonly<Record<string, (x: number) => number>>;
