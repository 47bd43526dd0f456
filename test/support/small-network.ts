import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { normals } from './run-graph.ts';

export interface LayerOptions {
  readonly filters: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly seed: number;
}

/** Convolution, BatchNormalization: named `name`, `name.bn`. */
export function convolutionLayer(g: Builder, x: Value, name: string, options: LayerOptions): Value {
  const { filters, kernel = 3, stride = 1, seed } = options;
  const channels = Number(x.shape![1]);
  const pad = (kernel - 1) / 2;
  const scale = Math.sqrt(2 / (channels * kernel * kernel));
  const weight = g.constant(normals([filters, channels, kernel, kernel], seed, scale), `${name}.weight`);
  const y = g.named(name).Conv(x, weight, {
    kernel_shape: [kernel, kernel],
    pads: [pad, pad, pad, pad],
    strides: [stride, stride],
  });
  const parameter = (part: string, value: number) =>
    g.constant(filled([filters], value), `${name}.bn.${part}`);
  return g
    .named(`${name}.bn`)
    .BatchNormalization(
      y,
      parameter('scale', 1),
      parameter('shift', 0.1),
      parameter('mean', 0),
      parameter('var', 1),
    );
}

/** Global average, Linear: logits. */
export function classifier(g: Builder, x: Value, classes: number, seed = 99): Value {
  const channels = Number(x.shape![1]);
  const flat = g.Flatten(g.GlobalAveragePool(x));
  const weight = g.constant(normals([classes, channels], seed, 0.3), 'fc.weight');
  return g.named('fc').Gemm(flat, weight, g.constant(filled([classes], 0), 'fc.bias'), { transB: 1 });
}

/** conv1 – conv2 – classifier, on [N, channels, size, size]. */
export function plainNetwork({ channels = 3, size = 8, classes = 4, widths = [8, 12] } = {}): Graph {
  const graph = emptyGraph('plain');
  const g = builderOf(graph);
  let x = g.input('input', 'float32', ['N', channels, size, size]);
  widths.forEach((filters, i) => {
    x = g.Relu(convolutionLayer(g, x, `conv${i + 1}`, { filters, seed: i + 1, stride: i > 0 ? 2 : 1 }));
  });
  g.output(classifier(g, x, classes), 'logits');
  return graph;
}

/** A stem and one residual block: stem, block.conv1, block.conv2, Add, Relu, classifier. */
export function residualNetwork({ channels = 3, size = 8, classes = 4, width = 8 } = {}): Graph {
  const graph = emptyGraph('residual');
  const g = builderOf(graph);
  const x = g.input('input', 'float32', ['N', channels, size, size]);
  const stem = g.Relu(convolutionLayer(g, x, 'stem', { filters: width, seed: 1 }));
  const inner = g.Relu(convolutionLayer(g, stem, 'block.conv1', { filters: width + 4, seed: 2 }));
  const branch = convolutionLayer(g, inner, 'block.conv2', { filters: width, seed: 3 });
  g.output(classifier(g, g.Relu(g.named('block.add').Add(branch, stem)), classes), 'logits');
  return graph;
}

/** Zeroes whole filters of a layer of the above, with the scale and shift behind them. */
export function killFilters(graph: Graph, name: string, filters: readonly number[]): void {
  const node = graph.nodes.find((candidate) => candidate.name === name)!;
  const weight = node.inputs[1]!;
  const size = weight.tensor!.data.length / weight.tensor!.shape[0]!;
  zero(weight, (i) => filters.includes(Math.floor(i / size)));
  for (const part of ['scale', 'shift']) {
    zero(graph.initializers.find((value) => value.name === `${name}.bn.${part}`)!, (i) =>
      filters.includes(i),
    );
  }
}

/** Sets the elements of an initializer to zero where `dead` says so. */
export function zero(value: Value, dead: (index: number) => boolean): void {
  const data = (value.tensor!.data as Float32Array).map((x, i) => (dead(i) ? 0 : x));
  value.tensor = { ...value.tensor!, data };
}
