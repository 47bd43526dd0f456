import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { normals } from './run-graph.ts';

export const epsilon = 1e-3;
export const momentum = 0.8;

/** Random inputs of a normalisation of [N, C, …]. */
export function inputsFor(shape: readonly number[]) {
  const channels = [shape[1]!];
  const positive = (seed: number) => floats(channels, normals(channels, seed).data.map(Math.abs));
  return {
    x: normals(shape, 1, 2),
    scale: normals(channels, 2),
    bias: normals(channels, 3),
    runningMean: normals(channels, 4),
    runningVariance: positive(5),
    dy: normals(shape, 6),
  };
}

export type NormalizationInputs = ReturnType<typeof inputsFor>;
export type Values = Readonly<Record<keyof NormalizationInputs, Value>>;

/** The same in numbers. */
export const settingsOf = ({ scale, bias, runningMean, runningVariance }: NormalizationInputs) => ({
  scale: scale.data,
  bias: bias.data,
  runningMean: runningMean.data,
  runningVariance: runningVariance.data,
  epsilon,
  momentum,
});

/** The normalisation in a graph. */
export const training = (g: Builder, { x, scale, bias, runningMean, runningVariance }: Values) =>
  g.BatchNormalizationTraining(x, scale, bias, runningMean, runningVariance, { epsilon, momentum });
