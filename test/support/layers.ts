import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { normals } from './run-graph.ts';

/** A convolution; its name seeds the weights. */
export interface ConvSizes {
  readonly name: string;
  readonly filters: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly parameter?: Parameter;
}

/** Gives a parameter to a graph: as an initializer, or as the output of a Constant node. */
export type Parameter = (g: Builder, shape: readonly number[], seed: number) => Value;

/** A random initializer, its spread fitted to what it sums over. */
export const initializer: Parameter = (g, shape, seed) => g.constant(normals(shape, seed, spreadOf(shape)));

/** The same, by a Constant node. */
export const constantNode: Parameter = (g, shape, seed) =>
  g.node('Constant', [], { value: normals(shape, seed, spreadOf(shape)) }, 1)[0]!;

const spreadOf = (shape: readonly number[]) =>
  shape.length < 2 ? 0.2 : Math.sqrt(2 / shape.slice(1).reduce((product, size) => product * size, 1));

/** Relu(x ⋆ w + b), [N, C, H, W], zeros around it. */
export function convRelu(
  g: Builder,
  x: Value,
  { name, filters, kernel = 3, stride = 1, parameter = initializer }: ConvSizes,
): Value {
  const w = parameter(g, [filters, Number(x.shape![1]), kernel, kernel], seedOf(name));
  const b = parameter(g, [filters], seedOf(name) + 1);
  const pad = (kernel - 1) / 2;
  return g.Relu(g.named(name).Conv(x, w, b, { pads: [pad, pad, pad, pad], strides: [stride, stride] }));
}

/** A number that differs from name to name. */
export const seedOf = (name: string): number =>
  [...name].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 100_003, 7);
