import type { StripeLayer } from '../../layers.ts';
import type { ShapeBlock, ShapeCosts } from '../costs.ts';
import { type LatencyTable, type LayerLatency, millisecondsOf, sizeName } from './table.ts';

/**
 * Measured milliseconds as the cost to reduce: first removed is the piece with the smallest Σ I², relative to its layer, per
 * saved millisecond. The time of a layer is that of its boxes, each a cropped convolution; filters of several boxes are
 * computed in their common hull if that is faster. Ours.
 */
export const latencyCosts = ({ networkMs, layers }: LatencyTable): ShapeCosts => ({
  total: networkMs,
  together: true,
  rank: ({ squares, ofStripes, saved }) =>
    saved > 0 ? squares / ofStripes / saved : Number.POSITIVE_INFINITY,
  ofLayer(layer, blocks) {
    const latency = layers[layer.name];
    return latency ? layerMs(latency, partsOf(layer, blocks)) : 0;
  },
});

/** Filters that are computed by one convolution. Rows and columns are inclusive. */
interface CroppedBlock {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  readonly filters: number;
}

function partsOf({ kernel: [, kW = 1] }: StripeLayer, blocks: readonly ShapeBlock[]): CroppedBlock[] {
  const parts = new Map<string, CroppedBlock>();
  for (const { places, living } of blocks) {
    if (living.length === 0) continue;
    const rows = range(living.map((position) => Math.floor(position / kW)));
    const columns = range(living.map((position) => position % kW));
    const key = [rows, columns].join();
    parts.set(key, { rows, columns, filters: places.length + (parts.get(key)?.filters ?? 0) });
  }
  return [...parts.values()];
}

/** The time of all parts, after those are merged into their hull that save most by it. */
function layerMs(latency: LayerLatency, parts: readonly CroppedBlock[]): number {
  const timed = parts.map((part) => ({ part, ms: partMs(latency, part) }));
  for (;;) {
    let best = { saved: 0, at: [0, 0] as [number, number], part: timed[0]?.part, ms: 0 };
    for (let i = 0; i < timed.length; i++) {
      for (let j = i + 1; j < timed.length; j++) {
        const part = hull(timed[i]!.part, timed[j]!.part);
        const ms = partMs(latency, part);
        const saved = timed[i]!.ms + timed[j]!.ms + latency.joinMs - ms;
        if (saved > best.saved) best = { saved, at: [i, j], part, ms };
      }
    }
    if (best.saved <= 0) break;
    timed[best.at[0]] = { part: best.part!, ms: best.ms };
    timed.splice(best.at[1], 1);
  }
  const joins = Math.max(0, timed.length - 1);
  return timed.reduce((sum, { ms }) => sum + ms, joins * latency.joinMs);
}

function partMs(latency: LayerLatency, { rows, columns, filters }: CroppedBlock): number {
  const size = sizeName(rows[1] - rows[0] + 1, columns[1] - columns[0] + 1);
  return millisecondsOf(latency, size, filters);
}

const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

const hull = (a: CroppedBlock, b: CroppedBlock): CroppedBlock => ({
  rows: range([...a.rows, ...b.rows]),
  columns: range([...a.columns, ...b.columns]),
  filters: a.filters + b.filters,
});
