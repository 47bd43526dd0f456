import { type PlanarConvolution, readPlanarConvolution, type SpatialPair } from '../../graph/convolution.ts';
import { isRefusal, type Refusal } from '../../graph/edit/refused.ts';
import { type Node, nodeName, type Value } from '../../graph/graph.ts';
import { type Float32Tensor, floats } from '../../numeric/tensor.ts';
import { livePositions } from '../../stripes/live-positions.ts';

/** A two-dimensional convolution with its sizes and its non-zero stripes. */
export interface Convolution extends PlanarConvolution {
  readonly name: string;
  /** Input rows and columns; null if open. */
  readonly input: SpatialPair | null;
  /** Output rows and columns; null if open. */
  readonly output: SpatialPair | null;
  /** For each filter, its living positions i·kW + j, ascending. */
  readonly live: readonly (readonly number[])[];
}

/** Reads a Conv node with its living stripes. */
export function readStripes(node: Node): Convolution | Refusal {
  const conv = readPlanarConvolution(node);
  if (isRefusal(conv)) return conv;
  const { x, weight, filters, channels } = conv;
  const live = livePositions(weight.data, filters, channels);
  return { ...conv, name: nodeName(node), input: sizeOf(x), output: sizeOf(node.outputs[0]), live };
}

function sizeOf(value: Value | null | undefined): SpatialPair | null {
  const [height, width, ...others] = value?.shape?.slice(2) ?? [];
  const isPlanar = typeof height === 'number' && typeof width === 'number' && others.length === 0;
  return isPlanar ? [height, width] : null;
}

/** The stripe W[m, :, position] as a vector of length C. */
export function stripeOf(
  { weight, channels, kernel }: Convolution,
  filter: number,
  position: number,
): Float32Array {
  const positions = kernel[0] * kernel[1];
  const first = filter * channels * positions + position;
  return Float32Array.from({ length: channels }, (_, c) => weight.data[first + c * positions]!);
}

/** The same convolution with filter `order[i]` at index i. */
export function withFilters(conv: Convolution, order: readonly number[]): Convolution {
  const { weight, live, filters } = conv;
  const length = weight.data.length / filters;
  const data = new Float32Array(order.length * length);
  order.forEach((m, i) => {
    data.set(weight.data.subarray(m * length, (m + 1) * length), i * length);
  });
  return {
    ...conv,
    filters: order.length,
    weight: floats(weight.shape.with(0, order.length), data),
    bias: biasOf(conv, order)?.data ?? null,
    live: order.map((m) => live[m] ?? []),
  };
}

/** The biases of some filters; null if the convolution has no bias. */
export const biasOf = ({ bias }: Convolution, filters: readonly number[]): Float32Tensor | null =>
  bias &&
  floats(
    [filters.length],
    filters.map((m) => bias[m] ?? 0),
  );

/** Number of living stripes of all filters. */
export const liveStripes = ({ live }: Convolution): number =>
  live.reduce((sum, positions) => sum + positions.length, 0);

/** Positions that are living in at least one filter, ascending. */
export const livePlaces = ({ live }: Convolution): number[] =>
  [...new Set(live.flat())].sort((a, b) => a - b);
