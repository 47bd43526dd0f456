const prefixes = ['', ' k', ' M', ' G', ' T'];

/** x with three significant digits and an SI prefix: 1234567 → `1.23 M`. */
export function formatCount(x: number): string {
  const { digits, prefix } = scaled(x, 1000);
  return digits + prefix;
}

/** Multiply-accumulates: 40813184 → `40.8 MMACs`. */
export function formatMacs(macs: number): string {
  const { digits, prefix } = scaled(macs, 1000);
  return `${digits} ${prefix.trim()}MACs`;
}

/** Bytes in powers of 1000: 1109658 → `1.11 MB`. */
export function formatBytes(bytes: number): string {
  const { digits, prefix } = scaled(bytes, 1000);
  return `${digits} ${prefix.trim()}B`;
}

/** A fraction as a percentage with two decimals: 0.9173 → `91.73 %`. */
export const formatPercent = (fraction: number, decimals = 2): string =>
  Number.isFinite(fraction) ? `${(100 * fraction).toFixed(decimals)} %` : '–';

/** Milliseconds with three significant digits: `3.21 ms`. */
export const formatMs = (ms: number): string => `${significant(ms)} ms`;

/** A factor: `1.73×`. */
export const formatRatio = (ratio: number): string => (Number.isFinite(ratio) ? `${ratio.toFixed(2)}×` : '–');

/** A duration: `4.2 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** x with three significant digits, without exponent. */
export function significant(x: number, digits = 3): string {
  if (!Number.isFinite(x)) return '–';
  const magnitude = x === 0 ? 0 : Math.floor(Math.log10(Math.abs(Number(x.toPrecision(digits)))));
  return x.toFixed(Math.min(8, Math.max(0, digits - 1 - magnitude)));
}

function scaled(x: number, step: number): { digits: string; prefix: string } {
  let index = 0;
  while (index < prefixes.length - 1 && Math.abs(Number(x.toPrecision(3))) >= step) {
    x /= step;
    index++;
  }
  const digits = index === 0 && Number.isInteger(x) ? String(x) : significant(x);
  return { digits, prefix: prefixes[index]! };
}
