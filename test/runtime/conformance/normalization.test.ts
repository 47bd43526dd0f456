import { type Float32Tensor, floats } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import {
  epsilon,
  inputsFor,
  type NormalizationInputs,
  settingsOf,
  training,
} from '../../support/normalization-inputs.ts';
import { referenceOf, zip } from '../../support/reference/array.ts';
import { convolution, inputGradient, weightGradient } from '../../support/reference/convolution.ts';
import { normalize, normalizeGradient } from '../../support/reference/normalization.ts';
import { normals } from '../../support/run-graph.ts';

/** Forward and gradient of the normalisation alone. */
function alone(shape: readonly number[], centre = 0): ConformanceCase<keyof NormalizationInputs> {
  const inputs = inputsFor(shape);
  const x = floats(
    shape,
    inputs.x.data.map((v) => v + centre),
  );
  return {
    title: `BatchNormalization of [${shape}]${centre ? ` around ${centre}` : ''}`,
    inputs: { ...inputs, x },
    tolerance: centre ? 2e-3 : 2e-5,
    build(g, values) {
      const [y, newMean, newVariance, mean, inverseDeviation] = training(g, values);
      const [dx, dscale, dbias] = g.BatchNormalizationGrad(
        values.dy,
        values.x,
        values.scale,
        mean,
        inverseDeviation,
      );
      return { y, newMean, newVariance, mean, inverseDeviation, dx, dscale, dbias };
    },
    expected: () => ({
      ...normalize(referenceOf(x), settingsOf(inputs)),
      ...normalizeGradient(referenceOf(inputs.dy), referenceOf(x), { scale: inputs.scale.data, epsilon }),
    }),
  };
}

/** The gradient operator alone: mean and deviation are inputs. */
function gradientAlone(shape: readonly number[]): ConformanceCase<'dy' | 'inverse' | 'mean' | 'scale' | 'x'> {
  const inputs = inputsFor(shape);
  const { dy, x, scale } = inputs;
  const { mean, inverseDeviation } = normalize(referenceOf(x), settingsOf(inputs));
  const statistic = (values: readonly number[]): Float32Tensor => floats([values.length], values);
  return {
    title: `BatchNormalizationGrad of [${shape}] without its forward pass`,
    inputs: { dy, x, scale, mean: statistic(mean), inverse: statistic(inverseDeviation) },
    tolerance: 2e-5,
    build(g, v) {
      const [dx, dscale, dbias] = g.BatchNormalizationGrad(v.dy, v.x, v.scale, v.mean, v.inverse);
      return { dx, dscale, dbias };
    },
    expected: () => normalizeGradient(referenceOf(dy), referenceOf(x), { scale: scale.data, epsilon }),
  };
}

/** Its input has been through a product for each channel, whose result may lie in any order. */
function afterScaling(shape: readonly number[]): ConformanceCase<keyof NormalizationInputs | 'factor'> {
  const inputs = inputsFor(shape);
  const factor = normals([1, shape[1]!, ...shape.slice(2).map(() => 1)], 12);
  return {
    title: `BatchNormalization of a product for each channel of [${shape}]`,
    inputs: { ...inputs, factor },
    tolerance: 2e-5,
    build(g, values) {
      const x = g.Mul(values.x, values.factor);
      const [y, , , mean, inverse] = training(g, { ...values, x });
      const [dx, dscale, dbias] = g.BatchNormalizationGrad(values.dy, x, values.scale, mean, inverse);
      return { y, dx, dscale, dbias };
    },
    expected() {
      const x = zip(referenceOf(inputs.x), referenceOf(factor), (a, b) => a * b);
      const { y } = normalize(x, settingsOf(inputs));
      return { y, ...normalizeGradient(referenceOf(inputs.dy), x, { scale: inputs.scale.data, epsilon }) };
    },
  };
}

/** Convolutions read the gradient with the channels that pad its last block: nothing but zeros may be there. */
function beforeConvolution(channels: number): ConformanceCase<keyof NormalizationInputs | 'first' | 'w'> {
  const image = [2, 10, 5, 4];
  const kernel = [channels, 10, 1, 1];
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  const inputs = inputsFor([2, channels, 5, 4]);
  const [first, w] = [normals(image, 20), normals(kernel, 21)];
  return {
    title: `gradients of a convolution to ${channels} channels and the BatchNormalization behind it`,
    inputs: { ...inputs, first, w },
    tolerance: 2e-5,
    build(g, values) {
      const x = g.Conv(values.first, values.w);
      const [, , , mean, inverse] = training(g, { ...values, x });
      const [dx] = g.BatchNormalizationGrad(values.dy, x, values.scale, mean, inverse);
      return {
        dfirst: g.ConvGradInput(dx, values.w, { ...window, size: image }),
        dw: g.ConvGradWeight(values.first, dx, { ...window, size: kernel }),
      };
    },
    expected() {
      const x = convolution(referenceOf(first), referenceOf(w), window);
      const { dx } = normalizeGradient(referenceOf(inputs.dy), x, { scale: inputs.scale.data, epsilon });
      return {
        dfirst: inputGradient(dx, referenceOf(w), window, image),
        dw: weightGradient(referenceOf(first), dx, window, kernel),
      };
    },
  };
}

describeExecutors('BatchNormalization', (executor) => {
  const shapes = [
    ...[1, 3, 10, 16, 17, 24, 33].map((channels) => [2, channels, 5, 4]),
    [1, 16, 3, 3],
    [6, 5],
    [4, 17],
    [3, 10, 7],
    [2, 10, 3, 2, 4],
    [5, 16, 1, 1],
  ];
  checkCases(executor, [
    ...shapes.map((shape) => alone(shape)),
    alone([4, 10, 6, 6], 100),
    ...[
      [3, 10, 4, 3],
      [5, 3],
    ].map(gradientAlone),
    ...[3, 17, 33].map(beforeConvolution),
    afterScaling([2, 10, 4, 3]),
    afterScaling([4, 6]),
  ]);
});
