import type { ChannelCoupling, CoupledLayer } from '../../channels/coupling/scope.ts';
import { isRefusal, type Refusal } from '../../graph/edit/refused.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { mean } from '../../numeric/statistics.ts';
import type { LayerScores } from './criterion.ts';
import { rowsOf, type Slices } from './slices.ts';

/** Pass-through filters: filters that copy one input channel; by filter index, the label of that channel. */
export type PassThroughFilters = ReadonlyMap<number, number>;

/**
 * The pass-through filters of each layer: their weights are 0 for all input channels but one, whose weights are equal and add up
 * to 1 (an identity or a mean over the window). Residual removal creates them (Meng et al., 2021, arXiv:2111.00687), and their
 * norm says nothing about the channel. A layer with one input channel has none.
 */
export function passThroughFilters({
  layers,
  slicings,
}: ChannelCoupling): Map<CoupledLayer, PassThroughFilters> {
  const inputs = new Map(
    slicings.flatMap(({ node, role, channels }) =>
      role === 'inputs' ? [[node, channels.labels] as const] : [],
    ),
  );
  return new Map(
    layers.map((layer) => [layer, passThroughFiltersOf(layer, inputs.get(layer.node) ?? Int32Array.of())]),
  );
}

/** The channel sets that hold only pass-through filters, each with the set of the channel that is passed through. */
export function passThroughSets(found: ChannelCoupling): Map<number, number> {
  const { find } = found.sets;
  const carriers = new Map<number, number>();
  const others = new Set<number>();
  for (const [{ first, count }, carrying] of passThroughFilters(found)) {
    for (let m = 0; m < count; m++) {
      const label = carrying.get(m);
      if (label === undefined) others.add(find(first + m));
      else carriers.set(find(first + m), find(label));
    }
  }
  for (const root of others) carriers.delete(root);
  return carriers;
}

function passThroughFiltersOf({ node }: CoupledLayer, read: Int32Array): PassThroughFilters {
  const weight = node.inputs[1]?.tensor;
  const found = new Map<number, number>();
  if (!isOperator(node, 'Conv') || weight?.dtype !== 'float32' || read.length < 2) return found;
  const bias = node.inputs[2]?.tensor?.data as Float32Array | undefined;
  const [filters] = weight.shape as [number];
  const size = weight.data.length / filters;
  for (let m = 0; m < filters; m++) {
    const filter = (weight.data as Float32Array).subarray(m * size, (m + 1) * size);
    const column = (bias?.[m] ?? 0) === 0 ? passedChannel(filter, size / read.length) : null;
    if (column !== null) found.set(m, read[column]!);
  }
  return found;
}

/** The only input channel with non-zero weights, if these are equal and add up to 1; else null. */
function passedChannel(filter: Float32Array, kernel: number): number | null {
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

/** The filters of a layer without its pass-through filters. */
export function withoutPassThrough(
  filters: Slices | Refusal,
  carrying?: PassThroughFilters,
): Slices | Refusal {
  if (isRefusal(filters) || !carrying?.size) return filters;
  const { data, count, length } = rowsOf(filters);
  const own = range(count).filter((m) => !carrying.has(m));
  const rows = new Float32Array(own.length * length);
  own.forEach((m, i) => {
    rows.set(data.subarray(m * length, (m + 1) * length), i * length);
  });
  return { ...filters, data: rows, outer: 1, size: own.length, inner: length, groups: 1 };
}

/** Scores of all `count` filters: a pass-through filter without a score gets the mean of the others. */
export function withPassThrough(
  result: LayerScores,
  count: number,
  carrying?: PassThroughFilters,
): LayerScores {
  if (isRefusal(result) || !carrying?.size) return result;
  const { scores: own } = result;
  if (own.length === count) return { scores: own, carrying };
  const usual = own.length > 0 ? mean(own) : 1;
  let next = 0;
  const scores = Float64Array.from(range(count), (m) => (carrying.has(m) ? usual : own[next++]!));
  return { scores, carrying };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
