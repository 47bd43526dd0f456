import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { normals } from './run-graph.ts';

export const activations = {
  none: (_g: Builder, x: Value) => x,
  relu: (g: Builder, x: Value) => g.Relu(x),
  relu6: (g: Builder, x: Value) => g.Clip(x, g.floats(0), g.floats(6)),
  /** Bounds that no proof makes harmless. */
  hardTanh: (g: Builder, x: Value) => g.Clip(x, g.floats(-1), g.floats(1)),
  silu: (g: Builder, x: Value) => g.Mul(x, g.Sigmoid(x)),
  hardSwish: (g: Builder, x: Value) => g.HardSwish(x),
  sigmoid: (g: Builder, x: Value) => g.Sigmoid(x),
  leaky: (g: Builder, x: Value) => g.LeakyRelu(x, { alpha: 0.1 }),
  /** A slope for each channel. */
  prelu: (g: Builder, x: Value) => g.PRelu(x, g.constant(normals([Number(x.shape![1]), 1, 1], 79, 0.3))),
} as const;
export type Activation = keyof typeof activations;

export const shortcuts = {
  identity: (_g: Builder, x: Value) => x,
  /** 1×1 with the stride and a bias. */
  projection(g: Builder, x: Value, { channels, stride }: ShortcutShape) {
    const weight = g.constant(normals([channels, Number(x.shape![1]), 1, 1], 77, 0.5));
    return g
      .named('shortcut')
      .Conv(x, weight, g.constant(normals([channels], 78)), { strides: [stride, stride] });
  },
  /** Every other element, between zero channels. */
  padded(g: Builder, x: Value, { channels, stride }: ShortcutShape) {
    const missing = channels - Number(x.shape![1]);
    const far = 2 ** 31 - 1;
    const bounds = [
      g.int64s([0, 0]),
      g.int64s([far, far]),
      g.int64s([2, 3]),
      g.int64s([stride, stride]),
    ] as const;
    const before = Math.floor(missing / 2);
    return g.Pad(g.Slice(x, ...bounds), g.int64s([0, before, 0, 0, 0, missing - before, 0, 0]));
  },
  /** The mean of a window, then 1×1. */
  pooled(g: Builder, x: Value, { channels, stride }: ShortcutShape) {
    const mean = g.AveragePool(x, { kernel_shape: [stride, stride], strides: [stride, stride] });
    const weight = g.constant(normals([channels, Number(x.shape![1]), 1, 1], 77, 0.5));
    return g.named('shortcut').Conv(mean, weight, g.constant(normals([channels], 78)));
  },
} as const;
export type ShortcutName = keyof typeof shortcuts;

interface ShortcutShape {
  readonly channels: number;
  readonly stride: number;
}

export interface LayerShape {
  readonly filters: number;
  /** Odd. */
  readonly kernel: number;
  readonly stride: number;
  readonly group: number;
  readonly activation: Activation;
  /** A gate on every channel, computed from the means of all of them. */
  readonly gate?: boolean;
  /** BatchNormalization that nobody folded, behind the convolution. */
  readonly normalized?: boolean;
}

export interface BlockShape {
  readonly layers: readonly LayerShape[];
  readonly shortcut: ShortcutName;
  /** Of the values that go into the block: `none` leaves their sign open. */
  readonly before: Activation;
  /** An activation of x in front of the first convolution, past which the shortcut goes. */
  readonly preactivation: Activation;
  readonly after: Activation;
}

export interface NetworkShape {
  readonly channels: number;
  readonly size: number;
  readonly blocks: readonly BlockShape[];
}

/** x [N, C, size, size] → blocks y = after(f(x) + s(x)) → y. */
export function residualNetwork({ channels, size, blocks }: NetworkShape): Graph {
  const graph = emptyGraph('residual');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', ['N', channels, size, size]);
  g.output(g.Identity(residualBlocks(g, x, blocks)), 'y');
  return graph;
}

/** The same between a convolution of the image and one of the blocks' means, so that all channels of blocks may be removed. */
export function framedResidualNetwork({ channels, size, blocks }: NetworkShape): Graph {
  const graph = emptyGraph('residual');
  const g = builderOf(graph);
  const image = g.input('x', 'float32', ['N', 3, size, size]);
  const x = residualBlocks(g, g.Conv(image, g.constant(normals([channels, 3, 1, 1], 80, 0.5))), blocks);
  const weight = g.constant(normals([4, Number(x.shape![1]), 1, 1], 81));
  g.output(g.Conv(g.GlobalAveragePool(x), weight), 'y');
  return graph;
}

function residualBlocks(g: Builder, given: Value, blocks: readonly BlockShape[]): Value {
  let x = given;
  blocks.forEach((block, index) => {
    x = activations[block.before](g, x);
    x = residualBlock(g, x, block, index);
  });
  return x;
}

function residualBlock(
  g: Builder,
  x: Value,
  { layers, shortcut, preactivation, after }: BlockShape,
  index: number,
): Value {
  let branch = activations[preactivation](g, x);
  layers.forEach((layer, i) => {
    branch = convolutionLayer(g, branch, layer, 100 * index + 10 * i);
  });
  const stride = layers.reduce((product, layer) => product * layer.stride, 1);
  const side = shortcuts[shortcut](g, x, { channels: Number(branch.shape![1]), stride });
  return activations[after](g, g.named(`add${index}`).Add(branch, side));
}

function convolutionLayer(g: Builder, x: Value, layer: LayerShape, seed: number): Value {
  const { filters, kernel, stride, group, activation, gate = false, normalized = false } = layer;
  const perGroup = Number(x.shape![1]) / group;
  const pad = (kernel - 1) / 2;
  const scale = 1 / Math.sqrt(perGroup * kernel * kernel);
  const weight = g.constant(normals([filters, perGroup, kernel, kernel], seed, scale));
  const bias = g.constant(normals([filters], seed + 1, 0.5));
  let y = g.Conv(x, weight, bias, { group, strides: [stride, stride], pads: [pad, pad, pad, pad] });
  if (normalized) {
    const vector = (center: number, at: number) =>
      g.floats(Array.from(normals([filters], seed + at, 0.1).data, (x) => center + x));
    y = g.BatchNormalization(y, vector(1, 2), vector(0, 3), vector(0, 4), vector(1, 5));
  }
  y = activations[activation](g, y);
  if (!gate) return y;
  const squeezed = g.Relu(g.Conv(g.GlobalAveragePool(y), g.constant(normals([2, filters, 1, 1], seed + 6))));
  return g.Mul(y, g.Sigmoid(g.Conv(squeezed, g.constant(normals([filters, 2, 1, 1], seed + 7)))));
}
