import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { type Float32Tensor, floats } from '../../../src/numeric/tensor.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import { map, type Reference, referenceOf, zip } from '../../support/reference/array.ts';
import { convolution, inputGradient, weightGradient } from '../../support/reference/convolution.ts';
import { normalize, normalizeGradient } from '../../support/reference/normalization.ts';
import { normals } from '../../support/run-graph.ts';

const epsilon = 1e-3;
const momentum = 0.8;

/** Random inputs of a normalisation of [N, C, …]. */
function inputsFor(shape: readonly number[]) {
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

type Inputs = ReturnType<typeof inputsFor>;
type Values = Readonly<Record<string, Value>>;

const settingsOf = ({ scale, bias, runningMean, runningVariance }: Inputs) => ({
  scale: scale.data,
  bias: bias.data,
  runningMean: runningMean.data,
  runningVariance: runningVariance.data,
  epsilon,
  momentum,
});

const training = (g: Builder, { x, scale, bias, runningMean, runningVariance }: Values) =>
  g.BatchNormalizationTraining(x, scale, bias, runningMean, runningVariance, { epsilon, momentum });

/** Forward and gradient of the normalisation alone. */
function alone(shape: readonly number[], centre = 0): ConformanceCase {
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
function gradientAlone(shape: readonly number[]): ConformanceCase {
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

const relu = (array: Reference): Reference => map(array, (value) => Math.max(value, 0));
const passed = (dz: Reference, z: Reference): Reference => zip(dz, z, (d, value) => (value > 0 ? d : 0));

/** What else reads the values between the normalisation and its gradient; each forbids a fusion, or tempts into a wrong one. */
const besides = {
  nothing: () => ({}),
  'the pre-activation is a result': (_: Builder, { y }: Values) => ({ y: y! }),
  'the pre-activation is read': (g: Builder, { y }: Values) => ({ y: g.Neg(g.Neg(y)) }),
  'the pre-activation is read by a second Relu': (g: Builder, { y }: Values) => ({ z2: g.Relu(y) }),
  'the activation is a result': (_: Builder, { z }: Values) => ({ z: z! }),
  "the activation's gradient is a result": (_: Builder, { dz }: Values) => ({ masked: dz! }),
  "the activation's gradient is read": (g: Builder, { dz }: Values) => ({ masked: g.Neg(g.Neg(dz)) }),
} as const;

/** Normalisation, Relu and both gradients: z = max(y, 0), dy = dz where z > 0. */
function withRelu(shape: readonly number[], besidesWhat: keyof typeof besides): ConformanceCase {
  const inputs = inputsFor(shape);
  return {
    title: `BatchNormalization of [${shape}], Relu and both gradients; besides: ${besidesWhat}`,
    inputs,
    tolerance: 2e-5,
    build(g, values) {
      const [y, newMean, newVariance, mean, inverse] = training(g, values);
      const z = g.Relu(y);
      const dz = g.ReluGrad(values.dy, z);
      const [dx, dscale, dbias] = g.BatchNormalizationGrad(dz, values.x, values.scale, mean, inverse);
      const product = g.Mul(z, values.dy);
      return { ...besides[besidesWhat](g, { y, z, dz }), product, newMean, newVariance, dx, dscale, dbias };
    },
    expected() {
      const [x, dy] = [referenceOf(inputs.x), referenceOf(inputs.dy)];
      const { y, newMean, newVariance } = normalize(x, settingsOf(inputs));
      const z = relu(y);
      const masked = passed(dy, z);
      const all: Record<string, Reference> = { y, z, z2: z, masked };
      const extra = {
        nothing: [],
        'the pre-activation is a result': ['y'],
        'the pre-activation is read': ['y'],
        'the pre-activation is read by a second Relu': ['z2'],
        'the activation is a result': ['z'],
        "the activation's gradient is a result": ['masked'],
        "the activation's gradient is read": ['masked'],
      }[besidesWhat];
      return {
        ...Object.fromEntries(extra.map((name) => [name, all[name]!])),
        product: zip(z, dy, (a, b) => a * b),
        newMean,
        newVariance,
        ...normalizeGradient(masked, x, { scale: inputs.scale.data, epsilon }),
      };
    },
  };
}

/** The Relu's gradient goes to two normalisations of one input: neither may keep it for itself. */
function sharedRelu(): ConformanceCase {
  const inputs = inputsFor([3, 10, 4, 3]);
  const other = normals([10], 9);
  return {
    title: 'two gradients of BatchNormalization read one gradient of Relu',
    inputs: { ...inputs, other },
    tolerance: 2e-5,
    build(g, values) {
      const [y, , , mean, inverse] = training(g, values);
      const dz = g.ReluGrad(values.dy, g.Relu(y));
      const [dx, dscale, dbias] = g.BatchNormalizationGrad(dz, values.x, values.scale, mean, inverse);
      const [dx2, dscale2, dbias2] = g.BatchNormalizationGrad(dz, values.x, values.other, mean, inverse);
      return { dx, dscale, dbias, dx2, dscale2, dbias2 };
    },
    expected() {
      const [x, dy] = [referenceOf(inputs.x), referenceOf(inputs.dy)];
      const masked = passed(dy, normalize(x, settingsOf(inputs)).y);
      const first = normalizeGradient(masked, x, { scale: inputs.scale.data, epsilon });
      const second = normalizeGradient(masked, x, { scale: other.data, epsilon });
      return { ...first, dx2: second.dx, dscale2: second.dscale, dbias2: second.dbias };
    },
  };
}

/** Its input has been through a product for each channel, whose result may lie in any order. */
function afterScaling(shape: readonly number[]): ConformanceCase {
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
function beforeConvolution(channels: number): ConformanceCase {
  const image = [2, 10, 5, 4];
  const kernel = [channels, 10, 1, 1];
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
  const inputs = inputsFor([2, channels, 5, 4]);
  const { dy, scale, bias, runningMean, runningVariance } = inputs;
  const [first, w] = [normals(image, 20), normals(kernel, 21)];
  return {
    title: `gradients of a convolution to ${channels} channels and the BatchNormalization behind it`,
    inputs: { dy, scale, bias, runningMean, runningVariance, first, w },
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
      const { dx } = normalizeGradient(referenceOf(dy), x, { scale: scale.data, epsilon });
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
    ...Object.keys(besides).map((name) => withRelu([3, 10, 4, 3], name as keyof typeof besides)),
    ...[
      [2, 3, 5, 4],
      [2, 16, 5, 4],
      [1, 33, 3, 3],
      [6, 5],
      [3, 17, 7],
    ].map((shape) => withRelu(shape, 'nothing')),
    sharedRelu(),
    ...[3, 17, 33].map(beforeConvolution),
    afterScaling([2, 10, 4, 3]),
    afterScaling([4, 6]),
  ]);
});
