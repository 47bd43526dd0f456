import type { ActivationRange } from './scales.ts';

/** Counts of elements in bins of equal width over [low, high]. */
export interface Histogram extends ActivationRange {
  readonly counts: Float64Array;
}

const BINS = 8192;

export const emptyHistogram = ({ low, high }: ActivationRange): Histogram => ({
  low,
  high,
  counts: new Float64Array(BINS),
});

/** Counts elements; those outside are counted in the first or last bin. */
export function countElements({ low, high, counts }: Histogram, data: ArrayLike<number>): void {
  const perUnit = BINS / (high - low);
  if (!Number.isFinite(perUnit)) return; // one value throughout
  for (let i = 0; i < data.length; i++) {
    const bin = Math.floor((data[i]! - low) * perUnit);
    counts[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1]!++;
  }
}

/**
 * The range that contains `percent` of the elements, with equal parts of the rest below and above, up to the width of a bin.
 */
export function percentileRange(histogram: Histogram, percent: number): ActivationRange {
  const outside = (1 - percent / 100) / 2;
  return { low: quantileOf(histogram, outside), high: quantileOf(histogram, 1 - outside) };
}

/** The q-quantile, assuming that elements are distributed evenly within their bin. */
function quantileOf({ low, high, counts }: Histogram, q: number): number {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return low;
  let below = 0;
  for (const [bin, n] of counts.entries()) {
    if (n > 0 && below + n >= q * total) {
      return low + ((high - low) / BINS) * (bin + Math.max(0, q * total - below) / n);
    }
    below += n;
  }
  return high;
}
