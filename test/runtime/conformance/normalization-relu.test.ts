import type { Builder } from '../../../src/graph/builder.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors } from '../../support/executors.ts';
import {
  epsilon,
  inputsFor,
  type NormalizationInputs,
  settingsOf,
  training,
} from '../../support/normalization-inputs.ts';
import { map, type Reference, referenceOf, zip } from '../../support/reference/array.ts';
import { normalize, normalizeGradient } from '../../support/reference/normalization.ts';
import { normals } from '../../support/run-graph.ts';

const relu = (array: Reference): Reference => map(array, (value) => Math.max(value, 0));
const passed = (dz: Reference, z: Reference): Reference => zip(dz, z, (d, value) => (value > 0 ? d : 0));

/** The values between the normalisation and its gradient. */
type Between = Readonly<Record<'y' | 'z' | 'dz', Value>>;

/** What else reads the values between the normalisation and its gradient; each forbids a fusion, or tempts into a wrong one. */
const besides = {
  nothing: () => ({}),
  'the pre-activation is a result': (_: Builder, { y }: Between) => ({ y }),
  'the pre-activation is read': (g: Builder, { y }: Between) => ({ y: g.Neg(g.Neg(y)) }),
  'the pre-activation is read by a second Relu': (g: Builder, { y }: Between) => ({ z2: g.Relu(y) }),
  'the activation is a result': (_: Builder, { z }: Between) => ({ z }),
  "the activation's gradient is a result": (_: Builder, { dz }: Between) => ({ masked: dz }),
  "the activation's gradient is read": (g: Builder, { dz }: Between) => ({ masked: g.Neg(g.Neg(dz)) }),
} as const;

/** Normalisation, Relu and both gradients: z = max(y, 0), dy = dz where z > 0. */
function withRelu(
  shape: readonly number[],
  besidesWhat: keyof typeof besides,
): ConformanceCase<keyof NormalizationInputs> {
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
function sharedRelu(): ConformanceCase<keyof NormalizationInputs | 'other'> {
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

describeExecutors('BatchNormalization and Relu', (executor) => {
  checkCases(executor, [
    ...Object.keys(besides).map((name) => withRelu([3, 10, 4, 3], name as keyof typeof besides)),
    ...[
      [2, 3, 5, 4],
      [2, 16, 5, 4],
      [1, 33, 3, 3],
      [6, 5],
      [3, 17, 7],
    ].map((shape) => withRelu(shape, 'nothing')),
    sharedRelu(),
  ]);
});
