import { type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { attributesOf } from '../../graph/operators/index.ts';
import { livePositions } from '../../stripes/live-positions.ts';

/** A two-dimensional convolution without groups, everything about it resolved. */
export interface Convolution {
  readonly name: string;
  readonly x: Value;
  /** [M, C, kH, kW]. */
  readonly weights: Float32Array;
  readonly filters: number;
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly bias: Float32Array | null;
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  /** Output rows and columns; null where they are not fixed. */
  readonly output: readonly [number, number] | null;
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
  if (attributes.group !== 1) return { reason: `it has ${attributes.group} groups` };
  if (attributes.auto_pad !== 'NOTSET' && attributes.auto_pad !== 'VALID')
    return { reason: 'it pads automatically' };
  if (biasValue && !biasValue.tensor) return { reason: 'its bias is not constant' };
  const [filters, channels, kH, kW] = shape as [number, number, number, number];
  const weights = weight.tensor.data as Float32Array;
  const spatial = node.outputs[0]?.shape?.slice(2) ?? [];
  return {
    name: node.name || nodeLabel(node),
    x,
    weights,
    filters,
    channels,
    kernel: [kH, kW],
    bias: (biasValue?.tensor?.data as Float32Array | undefined) ?? null,
    strides: pair(attributes.strides),
    dilations: pair(attributes.dilations),
    pads: [0, 1, 2, 3].map((i) => attributes.pads?.[i] ?? 0) as [number, number, number, number],
    output: spatial.every((size) => typeof size === 'number') ? (spatial as [number, number]) : null,
    live: livePositions(weights, filters, channels),
  };
}

const pair = (sizes: readonly number[] | undefined): [number, number] => [sizes?.[0] ?? 1, sizes?.[1] ?? 1];

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

/** Living stripes of all filters. */
export const liveStripes = ({ live }: Convolution): number =>
  live.reduce((sum, positions) => sum + positions.length, 0);
