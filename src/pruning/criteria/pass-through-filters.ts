import type { ChannelCoupling, Layer } from '../../channels/coupling/scope.ts';
import { mean } from '../../numeric/statistics.ts';
import type { LayerScores } from './criterion.ts';
import { rowsOf, type Slices } from './slices.ts';

/** Filters that hand a channel on as it is: by their place in the layer, the label of that channel. */
export type CarryingFilters = ReadonlyMap<number, number>;

/**
 * The filters of each layer that give out one channel that it reads: all weights of the others 0, its own adding up to 1, as
 * many as take the mean of a window. Removing residual connections makes them (Meng et al., 2021, arXiv:2111.00687), and what
 * such a filter weighs says nothing of the channel. A layer that reads one channel alone has none.
 */
export function allCarryingFilters({ layers, slicings }: ChannelCoupling): Map<Layer, CarryingFilters> {
  const inputs = new Map(
    slicings.flatMap(({ node, role, channels }) =>
      role === 'inputs' ? [[node, channels.labels] as const] : [],
    ),
  );
  return new Map(
    layers.map((layer) => [layer, carryingFilters(layer, inputs.get(layer.node) ?? Int32Array.of())]),
  );
}

/** Classes of nothing but filters that hand a channel on, each with the class of that channel. */
export function carriersOf(found: ChannelCoupling): Map<number, number> {
  const { find } = found.classes;
  const carriers = new Map<number, number>();
  const others = new Set<number>();
  for (const [{ first, count }, carrying] of allCarryingFilters(found)) {
    for (let m = 0; m < count; m++) {
      const label = carrying.get(m);
      if (label === undefined) others.add(find(first + m));
      else carriers.set(find(first + m), find(label));
    }
  }
  for (const root of others) carriers.delete(root);
  return carriers;
}

function carryingFilters({ node }: Layer, read: Int32Array): CarryingFilters {
  const weight = node.inputs[1]?.tensor;
  const found = new Map<number, number>();
  if (node.op !== 'Conv' || weight?.dtype !== 'float32' || read.length < 2) return found;
  const bias = node.inputs[2]?.tensor?.data as Float32Array | undefined;
  const [filters] = weight.shape as [number];
  const size = weight.data.length / filters;
  for (let m = 0; m < filters; m++) {
    const filter = (weight.data as Float32Array).subarray(m * size, (m + 1) * size);
    const column = (bias?.[m] ?? 0) === 0 ? handedOn(filter, size / read.length) : null;
    if (column !== null) found.set(m, read[column]!);
  }
  return found;
}

/** The one channel whose weights are not 0, all of them equal and adding up to 1; else null. */
function handedOn(filter: Float32Array, kernel: number): number | null {
  const first = filter.findIndex((weight) => weight !== 0);
  if (first < 0) return null;
  const column = Math.floor(first / kernel);
  let sum = 0;
  for (let i = first; i < filter.length; i++) {
    const weight = filter[i]!;
    if (weight === 0) continue;
    if (weight !== filter[first] || Math.floor(i / kernel) !== column) return null;
    sum += weight;
  }
  return Math.abs(sum - 1) < 1e-6 ? column : null;
}

/** The filters of a layer that do more than hand a channel on: what others are compared with. */
export function withoutCarrying(filters: Slices | string, carrying?: CarryingFilters): Slices | string {
  if (typeof filters === 'string' || !carrying?.size) return filters;
  const { data, count, length } = rowsOf(filters);
  const own = range(count).filter((m) => !carrying.has(m));
  const rows = new Float32Array(own.length * length);
  own.forEach((m, i) => {
    rows.set(data.subarray(m * length, (m + 1) * length), i * length);
  });
  return { ...filters, data: rows, outer: 1, size: own.length, inner: length, groups: 1 };
}

/** Scores of `count` filters again: those that hand a channel on have the mean of the others, should theirs not be known. */
export function withCarrying(result: LayerScores, count: number, carrying?: CarryingFilters): LayerScores {
  if ('reason' in result || !carrying?.size) return result;
  const { scores: own } = result;
  if (own.length === count) return { scores: own, carrying };
  const usual = own.length > 0 ? mean(own) : 1;
  let next = 0;
  const scores = Float64Array.from(range(count), (m) => (carrying.has(m) ? usual : own[next++]!));
  return { scores, carrying };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
