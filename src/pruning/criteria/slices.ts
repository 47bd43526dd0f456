import type { ChannelCoupling, CoupledLayer, ParameterSlicing } from '../../channels/coupling/scope.ts';
import { type Refusal, refuse } from '../../graph/edit/refused.ts';
import type { Node } from '../../graph/graph.ts';
import { elementCount } from '../../numeric/tensor.ts';

/**
 * The slices of a weight along one axis, without copies: element (o, a, i) is at (o·size + a)·inner + i. With groups (as in a
 * transposed convolution), slice g·size + a consists of the g-th part of the outer positions.
 */
export interface Slices {
  readonly data: Float32Array;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly groups: number;
  /** Number of kernel positions, kH·kW; 1 for a matrix. */
  readonly kernel: number;
}

/** The values to score, for a layer and the contents of its weight. */
export type WeightData = (node: Node, weight: Float32Array) => Float32Array;

/** The filters of each layer as slices of its weight, or the reason why they cannot be scored. */
export function filterSlices(
  found: ChannelCoupling,
  data: WeightData,
): (layer: CoupledLayer) => Slices | Refusal {
  const byNode = new Map<Node, ParameterSlicing>();
  for (const slicing of found.slicings) if (slicing.role === 'filters') byNode.set(slicing.node, slicing);
  return ({ node, count }) => {
    const slicing = byNode.get(node);
    return slicing
      ? slicesOf(slicing, count, data)
      : refuse('not-constant', 'its weight is not constant, or not sliced by its channels');
  };
}

/** The slices of a parameter that belong to `count` channels. */
export function slicesOf(
  { value, channels, node }: ParameterSlicing,
  count: number,
  data: WeightData,
): Slices | Refusal {
  const { tensor } = value;
  if (tensor?.dtype !== 'float32')
    return refuse('not-constant', `expected a float32 weight, found ${tensor?.dtype ?? 'none'}`);
  const [axis = 0] = channels.axes;
  const size = tensor.shape[axis]!;
  return {
    data: data(node, tensor.data as Float32Array),
    outer: elementCount(tensor.shape.slice(0, axis)),
    size,
    inner: elementCount(tensor.shape.slice(axis + 1)),
    groups: count / size,
    kernel: elementCount(tensor.shape.slice(2)),
  };
}

/** Slices as rows [count, length]: a view if they are contiguous, else a copy. */
export interface FilterRows {
  readonly data: Float32Array;
  readonly count: number;
  readonly length: number;
}

/** The slices of a weight as rows, one per filter or input channel. */
export function rowsOf({ data, outer, size, inner, groups }: Slices): FilterRows {
  const blocks = outer / groups;
  const [count, length] = [groups * size, blocks * inner];
  if (blocks === 1) return { data, count, length };
  const rows = new Float32Array(data.length);
  for (let o = 0; o < outer; o++) {
    const group = Math.floor(o / blocks);
    for (let a = 0; a < size; a++) {
      const from = (o * size + a) * inner;
      const to = (group * size + a) * length + (o % blocks) * inner;
      if (inner === 1) rows[to] = data[from]!;
      else rows.set(data.subarray(from, from + inner), to);
    }
  }
  return { data: rows, count, length };
}

/** The weight with each filter multiplied by a factor. */
export function scaledFilters(
  { data, outer, size, inner, groups }: Slices,
  factors: ArrayLike<number>,
): Float32Array {
  const scaled = new Float32Array(data.length);
  const blocks = outer / groups;
  for (let o = 0; o < outer; o++) {
    const first = Math.floor(o / blocks) * size;
    for (let a = 0; a < size; a++) {
      const factor = factors[first + a]!;
      const from = (o * size + a) * inner;
      for (let i = from; i < from + inner; i++) scaled[i] = data[i]! * factor;
    }
  }
  return scaled;
}
