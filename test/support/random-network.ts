import fc from 'fast-check';
import { gradients } from '../../src/autodiff/index.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, staticShape, type Value } from '../../src/graph/graph.ts';
import { elementCount, filled, type Tensor } from '../../src/numeric/tensor.ts';
import { normals } from './run-graph.ts';

const kinds = [
  'Conv',
  'Conv',
  'Depthwise',
  'BatchNormalization',
  'BatchNormalization',
  'Relu',
  'Relu',
  'Add',
  'MaxPool',
  'AveragePool',
  'Scale',
  'Sigmoid',
  'Skeleton',
  'Concat',
  'Subsample',
  'PadChannels',
] as const;

/** One layer on a value that came before: `from` and `other` count back. */
interface Layer {
  readonly kind: (typeof kinds)[number];
  readonly from: number;
  readonly other: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
}

interface RandomNetwork {
  readonly batch: number;
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly layers: readonly Layer[];
}

/** Small networks whose layers read the last value or one before: branches, sums, values read several times. */
export const randomNetworks: fc.Arbitrary<RandomNetwork> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.constantFrom(1, 3, 10, 16),
  size: fc.tuple(fc.integer({ min: 5, max: 8 }), fc.integer({ min: 5, max: 8 })),
  layers: fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      from: fc.constantFrom(0, 0, 0, 1, 2),
      other: fc.nat(4),
      filters: fc.constantFrom(3, 8, 10, 16, 17),
      kernel: fc.constantFrom(1, 3),
      stride: fc.constantFrom(1, 1, 2),
    }),
    { minLength: 2, maxLength: 9 },
  ),
});

/** The network, a loss of all that nothing reads, and the gradients of all its parameters; with what to feed it. */
export function gradientGraph(network: RandomNetwork): { graph: Graph; feeds: Record<string, Tensor> } {
  const graph = emptyGraph('random');
  const g = builderOf(graph);
  const feeds: Record<string, Tensor> = {};
  const parameters: Value[] = [];
  const parameter = (shape: readonly number[], spread: number, centre = 0): Value => {
    const value = g.input(`p${parameters.length}`, 'float32', shape);
    const random = normals(shape, 100 + parameters.length, spread);
    feeds[value.name] = { ...random, data: random.data.map((v) => v + centre) };
    parameters.push(value);
    return value;
  };
  const values = [parameter([network.batch, network.channels, ...network.size], 1)];
  for (const layer of network.layers) {
    const x = values.at(-1 - (layer.from % values.length))!;
    const y = layerRows[layer.kind]({ g, x, layer, values, parameter });
    if (y) values.push(y);
  }
  const loss = g.output(lossOf(g, values), 'loss');
  gradients(g, loss, parameters).forEach((gradient, i) => {
    g.output(g.Identity(gradient), `d${parameters[i]!.name}`);
  });
  return { graph, feeds };
}

interface LayerCall {
  readonly g: Builder;
  readonly x: Value;
  readonly layer: Layer;
  readonly values: readonly Value[];
  readonly parameter: (shape: readonly number[], spread: number, centre?: number) => Value;
}

const shapeOf = (value: Value) => staticShape(value) as [number, number, number, number];
const padded = ({ kernel }: Layer) => {
  const pad = (kernel - 1) / 2;
  return [pad, pad, pad, pad];
};

/** What each kind appends; null where the value is too small for it. */
const layerRows: { readonly [K in Layer['kind']]: (call: LayerCall) => Value | null } = {
  Conv({ g, x, layer, parameter }) {
    const { filters, kernel, stride } = layer;
    const channels = shapeOf(x)[1];
    const w = parameter([filters, channels, kernel, kernel], Math.sqrt(2 / (channels * kernel ** 2)));
    return g.Conv(x, w, { pads: padded(layer), strides: [stride, stride] });
  },
  Depthwise({ g, x, layer, parameter }) {
    const channels = shapeOf(x)[1];
    const w = parameter([channels, 1, layer.kernel, layer.kernel], 1 / layer.kernel);
    return g.Conv(x, w, { pads: padded(layer), group: channels });
  },
  /** A convolution whose weights are a product with a filter skeleton. */
  Skeleton({ g, x, layer, parameter }) {
    const { filters, kernel } = layer;
    const channels = shapeOf(x)[1];
    const w = parameter([filters, channels, kernel, kernel], Math.sqrt(2 / (channels * kernel ** 2)));
    return g.Conv(x, g.Mul(w, parameter([filters, 1, kernel, kernel], 0.2, 1)), { pads: padded(layer) });
  },
  BatchNormalization({ g, x, parameter }) {
    const [batch, channels, ...size] = shapeOf(x);
    // Of few elements nothing is left but rounding.
    if (batch * elementCount(size) < 8) return null;
    const [scale, bias] = [parameter([channels], 0.3, 1), parameter([channels], 0.3)];
    const running = [g.constant(filled([channels], 0)), g.constant(filled([channels], 1))] as const;
    const [y, mean, variance] = g.BatchNormalizationTraining(x, scale, bias, ...running, { epsilon: 1e-2 });
    g.output(mean);
    g.output(variance);
    return y;
  },
  Concat({ g, x, layer, values }) {
    const alike = values.filter(
      (value) => shapeOf(value).toSpliced(1, 1).join() === shapeOf(x).toSpliced(1, 1).join(),
    );
    return g.Concat(x, alike[layer.other % alike.length]!, { axis: 1 });
  },
  Subsample({ g, x }) {
    const [starts, ends, axes, steps] = [[0, 0], shapeOf(x).slice(2), [2, 3], [2, 2]].map(g.int64s);
    return g.Slice(x, starts, ends, axes, steps);
  },
  PadChannels: ({ g, x, layer }) => g.Pad(x, g.int64s([0, layer.other, 0, 0, 0, layer.filters, 0, 0])),
  Relu: ({ g, x }) => g.Relu(x),
  Sigmoid: ({ g, x }) => g.Sigmoid(x),
  Add({ g, x, layer, values }) {
    const alike = values.filter((value) => shapeOf(value).join() === shapeOf(x).join());
    return g.Add(x, alike[layer.other % alike.length]!);
  },
  MaxPool: ({ g, x, layer }) => pooled({ g, x, layer }, 'MaxPool'),
  AveragePool: ({ g, x, layer }) => pooled({ g, x, layer }, 'AveragePool'),
  Scale: ({ g, x, parameter }) => g.Mul(x, parameter([1, shapeOf(x)[1], 1, 1], 0.3, 1)),
};

function pooled({ g, x, layer }: Pick<LayerCall, 'g' | 'x' | 'layer'>, op: 'MaxPool' | 'AveragePool') {
  if (Math.min(...shapeOf(x).slice(2)) < 2) return null;
  const kernel = layer.kernel === 1 ? 2 : Math.min(3, ...shapeOf(x).slice(2));
  return g.node(op, [x], { kernel_shape: [kernel, kernel], strides: [layer.stride, layer.stride] }, 1)[0]!;
}

/** Σ y·r over everything that no node reads, with random r. */
function lossOf(g: Builder, values: readonly Value[]): Value {
  const read = new Set(g.graph.nodes.flatMap(({ inputs }) => inputs));
  const terms = values
    .filter((value) => !read.has(value))
    .map((value, i) => {
      const weights = g.constant(normals(staticShape(value), 500 + i));
      return g.ReduceSum(g.Mul(value, weights), null, { keepdims: 0 });
    });
  return terms.length === 1 ? g.Identity(terms[0]!) : g.Sum(...terms);
}
