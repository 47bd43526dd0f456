import fc from 'fast-check';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, staticShape, type Value } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { type Float32Tensor, floats } from '../../src/numeric/tensor.ts';
import { normals } from './run-graph.ts';

type Pair = readonly [number, number];

/** A convolution, what is zero among its weights, and what is computed from its result. */
interface RandomConvolution {
  readonly batch: number;
  readonly group: number;
  /** Channels and filters of each group. */
  readonly channels: number;
  readonly filters: number;
  readonly size: Pair;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: readonly [number, number, number, number];
  readonly hasBias: boolean;
  /** How probably a stripe, filter, channel or weight is not zero. */
  readonly density: { readonly [K in 'stripes' | 'filters' | 'channels' | 'weights']: number };
  /** Filters that copy one element of their input. */
  readonly copies: number;
  /** Whether it reads the input of the graph itself. */
  readonly isFirst: boolean;
  readonly hasResidual: boolean;
  readonly activation: keyof typeof activations;
}

const perChannel = (g: Builder, x: Value): Value => g.constant(normals([staticShape(x)[1]!, 1, 1], 7));

/** What follows the layer. */
const activations = {
  none: (_, x) => x,
  Relu: (g, x) => g.Relu(x),
  Clip: (g, x) => g.Clip(x, g.floats(0), g.floats(1)),
  LeakyRelu: (g, x) => g.LeakyRelu(x, { alpha: 0.1 }),
  SiLU: (g, x) => g.Mul(x, g.Sigmoid(x)),
  bounds: (g, x) => g.Min(g.Max(x, perChannel(g, x)), g.floats(1.5)),
  scale: (g, x) => g.Add(g.Mul(x, perChannel(g, x)), perChannel(g, x)),
} satisfies Readonly<Record<string, (g: Builder, x: Value) => Value>>;

const pair = (least: number, most: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));
const same = (size: number): fc.Arbitrary<Pair> => fc.constant([size, size]);
const density = fc.constantFrom(1, 1, 0.8, 0.4, 0.1);

export const randomConvolutions: fc.Arbitrary<RandomConvolution> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    group: fc.constantFrom(1, 1, 1, 2, 3, 8),
    channels: fc.oneof(
      { weight: 2, arbitrary: fc.constant(1) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 20 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60, max: 200 }) },
    ),
    filters: fc.integer({ min: 1, max: 14 }),
    size: pair(1, 17),
    kernel: fc.oneof(same(1), same(3), pair(1, 5)),
    strides: fc.oneof(same(1), same(2), pair(1, 3)),
    dilations: fc.oneof(same(1), pair(1, 3)),
    pads: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
    hasBias: fc.boolean(),
    density: fc.record({ stripes: density, filters: density, channels: density, weights: density }),
    copies: fc.constantFrom(0, 0, 2, 5),
    isFirst: fc.boolean(),
    hasResidual: fc.boolean(),
    activation: fc.constantFrom(...(Object.keys(activations) as (keyof typeof activations)[])),
  })
  // Many channels in many groups take too long.
  .filter(({ channels, group }) => channels <= 20 || group === 1)
  .filter(({ size, kernel, dilations, pads }) =>
    ([0, 1] as const).every(
      (axis) => size[axis] + pads[axis] + pads[axis === 0 ? 2 : 3] > (kernel[axis] - 1) * dilations[axis],
    ),
  );

/** The convolution with what follows it. */
export function convolutionGraph(layer: RandomConvolution): Graph {
  const { batch, group, channels, filters, size, kernel, strides, dilations, pads } = layer;
  const graph = emptyGraph('convolution');
  const g = builderOf(graph);
  const input = g.input('x', 'float32', [batch, channels * group, ...size]);
  const x = layer.isFirst ? input : g.Relu(g.Add(input, g.floats(0.5)));
  const bias = layer.hasBias ? g.constant(normals([filters * group], 2)) : null;
  const y = g.Conv(x, g.constant(weightsOf(layer)), bias, {
    kernel_shape: kernel,
    group,
    strides,
    dilations,
    pads,
  });
  const sum = layer.hasResidual ? g.Add(y, g.input('residual', 'float32', staticShape(y))) : y;
  g.output(activations[layer.activation](g, sum), 'y');
  return graph;
}

/** [filters, channels, kH, kW]. */
function weightsOf({ group, channels, filters, kernel, density, copies }: RandomConvolution): Float32Tensor {
  const shape = [filters * group, channels, ...kernel];
  const positions = kernel[0] * kernel[1];
  const { uniform, normal } = random(3);
  const kept = (count: number, probability: number) =>
    Array.from({ length: count }, () => uniform() < probability);
  const isRead = kept(channels, density.channels);
  const filtersOf = Array.from({ length: filters * group }, (_, m) => {
    const lives = uniform() < density.filters;
    const stripes = kept(positions, density.stripes);
    const copied = m < copies ? Math.floor(uniform() * channels * positions) : -1;
    return Array.from({ length: channels * positions }, (_, i) => {
      if (m < copies) return i === copied ? 1 : 0;
      const isKept = lives && stripes[i % positions] && isRead[Math.floor(i / positions)];
      return isKept && uniform() < density.weights ? normal() : 0;
    });
  });
  return floats(shape, filtersOf.flat());
}
