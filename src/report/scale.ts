/** Maps numbers from [low, high] to positions from `from` to `to`. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  at(value: number): number;
}

/** The linear scale from a domain to a range. */
export function linearScale(low: number, high: number, [from, to]: readonly [number, number]): Scale {
  const span = high - low || 1;
  return { low, high, at: (value) => from + ((value - low) / span) * (to - from) };
}

/** About `wanted` round numbers (multiples of 1, 2 or 5 times a power of ten) that cover low … high. */
export function roundTicks(low: number, high: number, wanted: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999)!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
