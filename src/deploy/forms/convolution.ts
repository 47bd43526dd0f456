import { type Node, nodeTitle, type Value } from '../../graph/graph.ts';
import { attributesOf } from '../../graph/operators/index.ts';
import { livePositions } from '../../stripes/live-positions.ts';

/** Of rows and of columns. */
export type SpatialPair = readonly [number, number];
/** top, left, bottom, right. */
export type SpatialPads = readonly [number, number, number, number];

/** A two-dimensional convolution, everything about it resolved. */
export interface Convolution {
  readonly name: string;
  readonly x: Value;
  /** [M, C, kH, kW]. */
  readonly weights: Float32Array;
  readonly filters: number;
  /** C: the channels that one filter reads. */
  readonly channels: number;
  readonly groups: number;
  readonly kernel: SpatialPair;
  readonly bias: Float32Array | null;
  readonly strides: SpatialPair;
  readonly dilations: SpatialPair;
  readonly pads: SpatialPads;
  /** Input rows and columns; null where they are not fixed. */
  readonly input: SpatialPair | null;
  /** Output rows and columns; null where they are not fixed. */
  readonly output: SpatialPair | null;
  /** For each filter, its living positions i·kW + j, ascending. */
  readonly live: readonly (readonly number[])[];
}

/** Reads a Conv node; the reason where it has a form that is left as it is. */
export function readConvolution(node: Node): Convolution | { readonly reason: string } {
  const [x, weight, biasValue] = node.inputs;
  const attributes = attributesOf(node, 'Conv');
  if (!x || !weight?.tensor) return { reason: 'its weight is not constant' };
  const { shape } = weight.tensor;
  if (shape.length !== 4) return { reason: `it has ${shape.length - 2} spatial axes` };
  if (weight.tensor.dtype !== 'float32') return { reason: `its weight is ${weight.tensor.dtype}` };
  if (biasValue && !biasValue.tensor) return { reason: 'its bias is not constant' };
  const [filters, channels, kH, kW] = shape as [number, number, number, number];
  const kernel = [kH, kW] as const;
  const [strides, dilations] = [pair(attributes.strides), pair(attributes.dilations)];
  const sizes = { input: sizeOf(x), output: sizeOf(node.outputs[0]) };
  const pads = padsOf(attributes, { kernel, strides, dilations, ...sizes });
  if (!pads) return { reason: 'its automatic padding depends on its input size, which is free' };
  const weights = weight.tensor.data as Float32Array;
  return {
    name: nodeTitle(node),
    x,
    weights,
    filters,
    channels,
    groups: attributes.group,
    kernel,
    bias: (biasValue?.tensor?.data as Float32Array | undefined) ?? null,
    strides,
    dilations,
    pads,
    ...sizes,
    live: livePositions(weights, filters, channels),
  };
}

const pair = (sizes: readonly number[] | undefined): SpatialPair => [sizes?.[0] ?? 1, sizes?.[1] ?? 1];

function sizeOf(value: Value | null | undefined): SpatialPair | null {
  const spatial = value?.shape?.slice(2) ?? [];
  return spatial.length === 2 && spatial.every((size) => typeof size === 'number')
    ? (spatial as [number, number])
    : null;
}

/** The padding as numbers; null where it follows from sizes that are open. */
function padsOf(
  { auto_pad, pads }: { readonly auto_pad: string; readonly pads?: readonly number[] | undefined },
  conv: Pick<Convolution, 'kernel' | 'strides' | 'dilations' | 'input' | 'output'>,
): SpatialPads | null {
  if (auto_pad === 'VALID') return [0, 0, 0, 0];
  if (auto_pad === 'NOTSET') return [pads?.[0] ?? 0, pads?.[1] ?? 0, pads?.[2] ?? 0, pads?.[3] ?? 0];
  const { input, output } = conv;
  if (!input || !output) return null;
  const [rows, columns] = [0, 1].map((axis): [number, number] => {
    const reach =
      (output[axis]! - 1) * conv.strides[axis]! + (conv.kernel[axis]! - 1) * conv.dilations[axis]! + 1;
    const total = Math.max(0, reach - input[axis]!);
    const less = Math.floor(total / 2);
    return auto_pad === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  }) as [[number, number], [number, number]];
  return [rows[0], columns[0], rows[1], columns[1]];
}

/** The stripe W[m, :, position] as a vector of length C. */
export function stripeOf(
  { weights, channels, kernel }: Convolution,
  filter: number,
  position: number,
): Float32Array {
  const positions = kernel[0] * kernel[1];
  const first = filter * channels * positions + position;
  return Float32Array.from({ length: channels }, (_, c) => weights[first + c * positions]!);
}

/** The same convolution, its filter `order[i]` at place i. */
export function withFilters(conv: Convolution, order: readonly number[]): Convolution {
  const length = conv.weights.length / conv.filters;
  const weights = new Float32Array(order.length * length);
  order.forEach((m, i) => {
    weights.set(conv.weights.subarray(m * length, (m + 1) * length), i * length);
  });
  const bias = conv.bias && Float32Array.from(order, (m) => conv.bias![m]!);
  return { ...conv, filters: order.length, weights, bias, live: order.map((m) => conv.live[m]!) };
}

/** Living stripes of all filters. */
export const liveStripes = ({ live }: Convolution): number =>
  live.reduce((sum, positions) => sum + positions.length, 0);

/** Positions that at least one filter keeps, ascending. */
export const livePlaces = ({ live }: Convolution): number[] =>
  [...new Set(live.flat())].sort((a, b) => a - b);
