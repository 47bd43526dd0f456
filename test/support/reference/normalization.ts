import { at, generate, indicesOf, type Reference } from './array.ts';

type Vector = ArrayLike<number>;

/** Mean, biased variance and number of the elements of each channel. */
export function batchStatistics(x: Reference): { mean: number[]; variance: number[]; count: number } {
  const channels = x.shape[1]!;
  const byChannel = Array.from({ length: channels }, () => [] as number[]);
  for (const index of indicesOf(x.shape)) byChannel[index[1]!]!.push(at(x, index));
  const mean = byChannel.map((values) => average(values));
  const variance = byChannel.map((values, c) => average(values.map((v) => (v - mean[c]!) ** 2)));
  return { mean, variance, count: byChannel[0]!.length };
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

export interface Normalization {
  readonly scale: Vector;
  readonly bias: Vector;
  readonly runningMean: Vector;
  readonly runningVariance: Vector;
  readonly epsilon: number;
  readonly momentum: number;
}

/** BatchNormalizationTraining's five results. */
export function normalize(x: Reference, settings: Normalization) {
  const { scale, bias, runningMean, runningVariance, epsilon, momentum } = settings;
  const { mean, variance, count } = batchStatistics(x);
  const deviation = variance.map((v) => Math.sqrt(v + epsilon));
  return {
    y: generate(x.shape, (index) => {
      const c = index[1]!;
      return (scale[c]! * (at(x, index) - mean[c]!)) / deviation[c]! + bias[c]!;
    }),
    newMean: mean.map((m, c) => momentum * runningMean[c]! + (1 - momentum) * m),
    newVariance: variance.map(
      (v, c) => momentum * runningVariance[c]! + (1 - momentum) * v * (count / (count - 1)),
    ),
    mean,
    inverseDeviation: deviation.map((d) => 1 / d),
  };
}

/**
 * With x̂ = (x − μ)/d: dbias = Σ dy, dscale = Σ dy·x̂, and, since μ and d depend on every x of the channel,
 * dx = scale/d·(dy − mean(dy) − x̂·mean(dy·x̂)) (Ioffe & Szegedy, ICML 2015, section 3).
 */
export function normalizeGradient(
  dy: Reference,
  x: Reference,
  { scale, epsilon }: { readonly scale: Vector; readonly epsilon: number },
) {
  const { mean, variance, count } = batchStatistics(x);
  const deviation = variance.map((v) => Math.sqrt(v + epsilon));
  const normal = (index: readonly number[]) => (at(x, index) - mean[index[1]!]!) / deviation[index[1]!]!;
  const dbias = mean.map(() => 0);
  const dscale = mean.map(() => 0);
  for (const index of indicesOf(x.shape)) {
    dbias[index[1]!]! += at(dy, index);
    dscale[index[1]!]! += at(dy, index) * normal(index);
  }
  const dx = generate(x.shape, (index) => {
    const c = index[1]!;
    const centred = at(dy, index) - dbias[c]! / count - (normal(index) * dscale[c]!) / count;
    return (scale[c]! / deviation[c]!) * centred;
  });
  return { dx, dscale, dbias };
}
