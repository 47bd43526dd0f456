import { type ConformanceCase, checkCases } from '../../support/conformance.ts';
import { describeExecutors, describeInference } from '../../support/executors.ts';
import { at, generate, indicesOf, type Reference, referenceOf } from '../../support/reference/array.ts';
import { convolution, inputGradient, placesOf, weightGradient } from '../../support/reference/convolution.ts';
import { normals } from '../../support/run-graph.ts';

interface Layer {
  readonly batch?: number;
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly number[];
  readonly size: readonly number[];
  readonly strides?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
  readonly group?: number;
}

const square = (size: number) => [size, size];

/** A layer with same padding of a 3×3 kernel on 6×5 places. */
const threeByThree = (channels: number, filters: number, more: Partial<Layer> = {}): Layer => ({
  channels,
  filters,
  kernel: [3, 3],
  size: [6, 5],
  pads: [1, 1, 1, 1],
  ...more,
});

const layers: readonly Layer[] = [
  // Every count of channels on both sides: none, part and whole of a block, and beyond it.
  ...[
    [1, 3],
    [3, 10],
    [10, 16],
    [16, 17],
    [17, 24],
    [24, 33],
    [33, 1],
    [16, 16],
    [3, 32],
  ].map(([channels, filters]) => threeByThree(channels!, filters!)),
  threeByThree(16, 32, { batch: 1 }),
  threeByThree(3, 16, { batch: 1, strides: [2, 2], size: [7, 9] }),
  // Odd sizes, where the last stride hangs over.
  threeByThree(16, 24, { strides: [2, 2], size: [7, 8] }),
  threeByThree(10, 17, { strides: [2, 1], size: [8, 7] }),
  threeByThree(16, 16, { strides: [3, 2], size: [10, 7], pads: [0, 0, 0, 0] }),
  threeByThree(16, 10, { pads: [2, 0, 1, 1] }),
  threeByThree(17, 16, { pads: [0, 2, 2, 1], strides: [2, 2], size: [7, 6] }),
  threeByThree(16, 16, { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  threeByThree(10, 24, { dilations: [2, 1], pads: [0, 1, 0, 0], size: [7, 6] }),
  threeByThree(16, 33, { dilations: [2, 2], strides: [2, 2], pads: [2, 2, 1, 1], size: [9, 8] }),
  ...[
    [3, 16],
    [16, 33],
    [17, 10],
  ].map(([channels, filters]) => ({
    channels: channels!,
    filters: filters!,
    kernel: [1, 1],
    size: [5, 4],
  })),
  { channels: 16, filters: 24, kernel: [1, 1], size: [7, 5], strides: [2, 2] },
  { channels: 3, filters: 10, kernel: [5, 5], size: [8, 7], pads: [2, 2, 2, 2] },
  { channels: 16, filters: 17, kernel: [5, 5], size: [7, 7], strides: [2, 2], pads: [2, 2, 2, 2] },
  { channels: 16, filters: 16, kernel: [1, 5], size: [6, 8], pads: [0, 2, 0, 2] },
  { channels: 16, filters: 16, kernel: [4, 4], size: square(4) },
  // Groups: whole blocks, parts of blocks, depthwise, several filters a channel.
  threeByThree(32, 32, { group: 2 }),
  threeByThree(6, 10, { group: 2 }),
  threeByThree(24, 33, { group: 3, strides: [2, 2], size: [7, 7] }),
  threeByThree(16, 16, { group: 16 }),
  threeByThree(17, 17, { group: 17, strides: [2, 2], size: [7, 6] }),
  threeByThree(10, 30, { group: 10 }),
  threeByThree(33, 33, { group: 33, kernel: [5, 5], pads: [2, 2, 2, 2] }),
  threeByThree(24, 24, { group: 24, dilations: [2, 2], pads: [2, 2, 2, 2] }),
  // Depthwise kernels wider than oneDNN has gradients of, computed a few columns after the other.
  threeByThree(16, 16, { group: 16, kernel: [5, 5], pads: [2, 2, 2, 2], strides: [2, 2], size: [7, 8] }),
  threeByThree(40, 40, { group: 40, kernel: [7, 7], pads: [3, 3, 3, 3], size: [9, 7] }),
  threeByThree(32, 32, { group: 32, kernel: [3, 4], pads: [1, 0, 0, 2], size: [5, 7] }),
  threeByThree(16, 16, { group: 16, kernel: [5, 5], pads: [0, 0, 0, 0], size: [6, 7] }),
  { channels: 12, filters: 24, kernel: [1, 1], size: [4, 5], group: 4 },
  // One axis and three.
  { channels: 3, filters: 16, kernel: [3], size: [11], pads: [1, 1] },
  { channels: 17, filters: 10, kernel: [5], size: [12], strides: [2], pads: [3, 1] },
  { channels: 16, filters: 16, kernel: [3], size: [9], dilations: [2], pads: [2, 2], group: 16 },
  { channels: 1, filters: 10, kernel: [3, 3, 3], size: [4, 5, 4], pads: [1, 1, 1, 1, 1, 1] },
  {
    channels: 16,
    filters: 17,
    kernel: [2, 3, 1],
    size: [5, 5, 3],
    strides: [2, 1, 1],
    pads: [1, 0, 0, 0, 1, 0],
  },
];

/** Kernels get weights as initializers, as inputs: row-major, and as results of another node. */
const origins = ['input', 'initializer', 'computed'] as const;

function caseOf(layer: Layer, number: number): ConformanceCase {
  const { batch = 2, channels, filters, kernel, size, group = 1 } = layer;
  const window = {
    strides: layer.strides ?? kernel.map(() => 1),
    pads: layer.pads ?? [...kernel, ...kernel].map(() => 0),
    dilations: layer.dilations ?? kernel.map(() => 1),
    group,
  };
  const origin = origins[number % origins.length]!;
  const withBias = number % 2 === 0;
  const places = placesOf(size, kernel, window);
  const x = normals([batch, channels, ...size], 1);
  const w = normals([filters, channels / group, ...kernel], 2);
  const dy = normals([batch, filters, ...places], 3);
  const b = normals([filters], 4);
  const parts = [
    `${channels} → ${filters} channels`,
    `kernel ${kernel} on [${batch}] ${size}`,
    ...Object.entries({ ...layer, group }).flatMap(([key, value]) =>
      ['strides', 'pads', 'dilations', 'group'].includes(key) && String(value) !== '1'
        ? `${key} ${value}`
        : [],
    ),
    `weight: ${origin}`,
  ];
  return {
    title: parts.join(', '),
    inputs: { x, dy, b, ...(origin === 'initializer' ? {} : { w }) },
    build(g, inputs) {
      const weight = inputs.w ?? g.constant(w);
      const read = origin === 'computed' ? g.Neg(g.Neg(weight)) : weight;
      const attributes = { kernel_shape: kernel, ...window };
      return {
        y: g.Conv(inputs.x!, read, withBias ? inputs.b : null, attributes),
        dx: g.ConvGradInput(inputs.dy!, read, { ...window, size: x.shape }),
        dw: g.ConvGradWeight(inputs.x!, inputs.dy!, { ...window, size: w.shape }),
        db: g.ReduceSum(inputs.dy!, g.int64s([0, ...kernel.map((_, axis) => axis + 2)]), { keepdims: 0 }),
      };
    },
    expected: () => ({
      y: convolution(referenceOf(x), referenceOf(w), window, withBias ? referenceOf(b) : undefined),
      dx: inputGradient(referenceOf(dy), referenceOf(w), window, x.shape),
      dw: weightGradient(referenceOf(x), referenceOf(dy), window, w.shape),
      db: sumsOfChannels(referenceOf(dy)),
    }),
  };
}

function sumsOfChannels(dy: Reference): ArrayLike<number> {
  const sums = new Float64Array(dy.shape[1]!);
  indicesOf(dy.shape).forEach((index, offset) => {
    sums[index[1]!]! += dy.data[offset]!;
  });
  return sums;
}

interface TransposedLayer {
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly output_padding?: readonly number[];
  readonly group?: number;
}

const transposedLayers: readonly TransposedLayer[] = [
  { channels: 32, filters: 16, kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] },
  { channels: 10, filters: 17, kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] },
  { channels: 16, filters: 3, kernel: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1] },
  { channels: 16, filters: 16, kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
  { channels: 16, filters: 32, kernel: [3, 5], strides: [1, 1], pads: [1, 2, 1, 2] },
  { channels: 8, filters: 8, kernel: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1], group: 8 },
  { channels: 16, filters: 8, kernel: [3], strides: [2], pads: [0, 1] },
];

/** ConvTranspose is the gradient of a convolution that computes x [2, C, 4, 3] of y. */
function transposedCase(layer: TransposedLayer, number: number): ConformanceCase<'x' | 'w' | 'b'> {
  const { channels, filters, kernel, strides, pads, output_padding = kernel.map(() => 0), group = 1 } = layer;
  const places = [4, 3].slice(0, kernel.length);
  const size = places.map((count, axis) => {
    const reach = strides[axis]! * (count - 1) + kernel[axis]! + output_padding[axis]!;
    return reach - pads[axis]! - pads[axis + kernel.length]!;
  });
  const [x, b] = [normals([2, channels, ...places], 1), normals([filters], 3)];
  const w = normals([channels, filters / group, ...kernel], 2);
  const window = { strides, pads, dilations: kernel.map(() => 1), group };
  const withBias = number % 3 !== 0;
  return {
    title: `ConvTranspose ${JSON.stringify(layer)}`,
    inputs: { x, w, b },
    build: (g, v) => ({
      y: g.ConvTranspose(v.x, v.w, withBias ? v.b : null, { strides, pads, output_padding, group }),
    }),
    expected() {
      const shape = [2, filters, ...size];
      const sums = inputGradient(referenceOf(x), referenceOf(w), window, shape);
      const added = generate(shape, (index) => at(sums, index) + b.data[index[1]!]!);
      return { y: withBias ? added : sums };
    },
  };
}

describeInference('convolutions and their gradients', (executor) => {
  checkCases(executor, layers.map(caseOf));
});

describeExecutors('transposed convolutions', (executor) => {
  checkCases(executor, transposedLayers.map(transposedCase));
});
