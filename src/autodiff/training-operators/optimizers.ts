import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { TrainingOperatorName } from '../../graph/operators/index.ts';
import { number } from '../append.ts';
import type { Decompositions } from './decomposition.ts';

/** a + factor·b, without terms that are zero. */
function plus(g: Builder, a: Value, [factor, b]: readonly [number, Value]): Value {
  if (factor === 0) return a;
  return g.Add(a, factor === 1 ? b : g.Mul(b, number(g, factor, b)));
}

/** w·(1 − learning rate·decay). */
function decayed(g: Builder, w: Value, [learningRate, decay]: readonly [Value, number]): Value {
  if (decay === 0) return w;
  return g.Mul(w, g.Sub(number(g, 1, w), g.Mul(learningRate, number(g, decay, w))));
}

/** x / (1 − βᵗ). */
const unbiased = (g: Builder, x: Value, [beta, step]: readonly [number, Value]): Value =>
  g.Div(x, g.Sub(number(g, 1, x), g.Pow(number(g, beta, x), step)));

/** The next values of parameters and optimiser states. */
export const optimizerDecompositions = {
  SgdUpdate: ({ inputs, attributes }, g) => {
    const { weight, gradient, learningRate } = inputs;
    const { momentum, nesterov, weight_decay: decay, decoupled } = attributes;
    const slope = plus(g, gradient, [decoupled ? 0 : decay, weight]);
    const velocity = plus(g, slope, [momentum, inputs.momentum]);
    const direction = nesterov ? plus(g, slope, [momentum, velocity]) : velocity;
    const start = decayed(g, weight, [learningRate, decoupled ? decay : 0]);
    return [g.Sub(start, g.Mul(direction, learningRate)), velocity];
  },
  AdamWUpdate: ({ inputs, attributes }, g) => {
    const { weight: w, gradient, learningRate, step } = inputs;
    const { beta1, beta2, epsilon, weight_decay: decay } = attributes;
    const mean = plus(g, g.Mul(gradient, number(g, 1 - beta1, w)), [beta1, inputs.mean]);
    const square = plus(g, g.Mul(g.Mul(gradient, gradient), number(g, 1 - beta2, w)), [
      beta2,
      inputs.variance,
    ]);
    const scale = g.Add(g.Sqrt(unbiased(g, square, [beta2, step])), number(g, epsilon, w));
    const rate = unbiased(g, learningRate, [beta1, step]);
    const start = decayed(g, w, [learningRate, decay]);
    return [g.Sub(start, g.Mul(g.Div(mean, scale), rate)), mean, square];
  },
  SkeletonUpdate: ({ inputs, attributes }, g) => {
    const { skeleton, gradient, mask, learningRate, alpha, threshold } = inputs;
    const { momentum, weight_decay: decay } = attributes;
    const pulled = g.Add(gradient, g.Mul(g.Sign(skeleton), alpha));
    const slope = g.Mul(plus(g, pulled, [decay, skeleton]), mask);
    const velocity = plus(g, slope, [momentum, inputs.momentum]);
    const moved = g.Sub(skeleton, g.Mul(velocity, learningRate));
    const live = g.Mul(mask, g.Cast(g.Greater(g.Abs(moved), threshold), { to: FLOAT }));
    return [g.Mul(moved, live), g.Mul(velocity, live), live];
  },
} satisfies Partial<Decompositions<TrainingOperatorName>>;

/** ONNX's type number of float32. */
const FLOAT = 1;
