import type { Value } from '../../graph/graph.ts';
import type { TrainingOperatorName } from '../../graph/operators/index.ts';
import { filled } from '../../numeric/tensor.ts';
import { number, perChannel, reshape } from '../append.ts';
import { allBut, dims } from '../call.ts';
import type { Decompositions } from './decomposition.ts';

/** Number of elements of x per channel. */
const countOf = (shape: readonly number[]): number =>
  shape.reduce((product, size, axis) => (axis === 1 ? product : product * size), 1);

/** Normalisation by batch statistics. */
export const normalizationDecompositions = {
  /**
   * The variance is computed from centred values, which is accurate also if |μ| ≫ σ (10⁻⁶ at μ = 1000σ). Scale and shift are
   * one pass of BatchNormalization in inference mode. ONNX's training_mode would take 1.8 ms instead of 2.1 ms on 8 MB, but
   * onnxruntime supports it only on the CPU.
   */
  BatchNormalizationTraining: ({ inputs, attributes }, g) => {
    const { x, scale, bias, runningMean, runningVariance } = inputs;
    const { epsilon, momentum } = attributes;
    const count = countOf(dims(x));
    const axes = g.int64s(allBut(1, x));
    const mean = g.ReduceMean(x, axes, { keepdims: 1 });
    const centred = g.Sub(x, mean);
    const variance = g.ReduceMean(g.Mul(centred, centred), axes, { keepdims: 0 });
    const channels = dims(variance);
    const zero = g.constant(filled(channels, 0));
    const y = g.BatchNormalization(centred, scale, bias, zero, variance, { epsilon });
    const blend = (old: Value, now: Value, factor: number) =>
      g.Add(g.Mul(old, number(g, momentum, x)), g.Mul(now, number(g, (1 - momentum) * factor, x)));
    const flatMean = reshape(g, mean, channels);
    return [
      y,
      blend(runningMean, flatMean, 1),
      blend(runningVariance, variance, count / Math.max(1, count - 1)),
      flatMean,
      g.Reciprocal(g.Sqrt(g.Add(variance, number(g, epsilon, x)))),
    ];
  },
  /**
   * With d = 1/√(σ² + ε) and n elements per channel: dscale = d·(Σ dy·x − μ·Σ dy), and dx = scale·d·(dy − x·q − r) with q =
   * d·dscale/n and r = Σ dy/n − μ·q. Engines can compute these passes in place: 2.6 ms on 8 MB, against 3.1 ms with centred
   * x.
   */
  BatchNormalizationGrad: ({ inputs: { dy, x, scale, mean, inverseDeviation: deviation } }, g) => {
    const axes = g.int64s(allBut(1, x));
    const share = number(g, 1 / countOf(dims(x)), x);
    const dbias = g.ReduceSum(dy, axes, { keepdims: 0 });
    const product = g.ReduceSum(g.Mul(dy, x), axes, { keepdims: 0 });
    const dscale = g.Mul(g.Sub(product, g.Mul(mean, dbias)), deviation);
    const slope = g.Mul(g.Mul(dscale, deviation), share);
    const offset = g.Sub(g.Mul(dbias, share), g.Mul(mean, slope));
    const explained = g.Add(g.Mul(x, perChannel(g, slope, x)), perChannel(g, offset, x));
    const factor = perChannel(g, g.Mul(scale, deviation), x);
    return [g.Mul(g.Sub(dy, explained), factor), dscale, dbias];
  },
  /** Softmax: dx = y·(dy − Σ dy·y). LogSoftmax: dx = dy − eʸ·Σ dy. */
  SoftmaxGrad: ({ inputs: { dy, y }, attributes: { axis, log } }, g) => {
    const total = (value: Value) => g.ReduceSum(value, g.int64s([axis]), { keepdims: 1 });
    if (log) return [g.Sub(dy, g.Mul(g.Exp(y), total(dy)))];
    const weighted = g.Mul(dy, y);
    return [g.Sub(weighted, g.Mul(y, total(weighted)))];
  },
} satisfies Partial<Decompositions<TrainingOperatorName>>;
