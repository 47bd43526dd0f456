/** Measured milliseconds of cropped convolutions. */
export interface LatencyTable {
  /** The whole network, with no layer cropped. */
  readonly networkMs: number;
  /** By layer name; layers that cannot be cropped have no row. */
  readonly layers: Readonly<Record<string, LayerLatency>>;
}

export interface LayerLatency {
  /** The widths that were timed, ascending. */
  readonly filters: readonly number[];
  /** For each kernel size, such as `3×1`: milliseconds at each width. */
  readonly ms: Readonly<Record<string, readonly number[]>>;
  /** Milliseconds to concatenate each convolution beyond the first. */
  readonly joinMs: number;
}

export const sizeName = (kH: number, kW: number): string => `${kH}×${kW}`;

/** Milliseconds of a cropped convolution: interpolated linearly between the timed widths; below the narrowest, its time. */
export function millisecondsOf({ filters, ms }: LayerLatency, size: string, width: number): number {
  const times = ms[size]!;
  const above = filters.findIndex((timed) => timed >= width);
  if (above <= 0) return above === 0 ? times[0]! : times.at(-1)!;
  const [low, high] = [filters[above - 1]!, filters[above]!];
  const part = (width - low) / (high - low);
  return times[above - 1]! * (1 - part) + times[above]! * part;
}
