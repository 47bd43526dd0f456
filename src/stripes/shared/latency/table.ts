/** Milliseconds of cropped convolutions, as they were measured. */
export interface LatencyTable {
  /** The whole network, nothing cropped. */
  readonly networkMs: number;
  /** By the name of the layer; layers that are never cropped have no row. */
  readonly layers: Readonly<Record<string, LayerLatency>>;
}

export interface LayerLatency {
  /** Widths that were timed, ascending. */
  readonly filters: readonly number[];
  /** For each size of the kernel, `3×1`, one a width. */
  readonly ms: Readonly<Record<string, readonly number[]>>;
  /** What each convolution beyond the first takes to be joined with the others. */
  readonly joinMs: number;
}

export const sizeName = (kH: number, kW: number): string => `${kH}×${kW}`;

/** Milliseconds of a cropped convolution: linear between the widths that were timed, and as the narrowest below it. */
export function millisecondsOf({ filters, ms }: LayerLatency, size: string, width: number): number {
  const times = ms[size]!;
  const above = filters.findIndex((timed) => timed >= width);
  if (above <= 0) return above === 0 ? times[0]! : times.at(-1)!;
  const [low, high] = [filters[above - 1]!, filters[above]!];
  const part = (width - low) / (high - low);
  return times[above - 1]! * (1 - part) + times[above]! * part;
}
