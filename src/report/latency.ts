import { formatMs, formatRatio } from '../numeric/quantities.ts';

/** A speed-up: a ratio above 1 means faster than the reference. */
export interface Speed {
  readonly ratio: number;
  /** First and third quartile of the ratios of single rounds; missing in older records. */
  readonly ratioSpread?: readonly [number, number] | null | undefined;
}

/** The latency of a network, and its speed-up over a reference. */
export interface LatencyMeasures {
  readonly latencyMs?: number | null | undefined;
  readonly latencyMinMs?: number | null | undefined;
  readonly latencyP90Ms?: number | null | undefined;
  readonly latencyRatio?: number | null | undefined;
  readonly latencyRatioSpread?: readonly [number, number] | null | undefined;
}

/** A measurement in the form that records store. */
export const latencyMeasures = (model: {
  readonly medianMs: number;
  readonly minMs: number;
  readonly p90Ms: number;
  readonly ratio: number;
  readonly ratioSpread: readonly [number, number];
}) => ({
  latencyMs: model.medianMs,
  latencyMinMs: model.minMs,
  latencyP90Ms: model.p90Ms,
  latencyRatio: model.ratio,
  latencyRatioSpread: [...model.ratioSpread] as [number, number],
});

/** Whether a measurement shows a difference: not if the quartiles of the ratios are on both sides of 1. */
export function speedOf({ ratio, ratioSpread }: Speed): 'faster' | 'slower' | 'same' {
  const [low, high] = ratioSpread ?? [ratio, ratio];
  if (Math.min(low, ratio) > 1) return 'faster';
  return Math.max(high, ratio) < 1 ? 'slower' : 'same';
}

/** `1.52× as fast (1.45× – 1.60×)`, `slower, 0.70× as fast (…)` or `no measurable difference (…)`. */
export function speedText(speed: Speed): string {
  const { ratio } = speed;
  if (!Number.isFinite(ratio)) return '–';
  const words = {
    faster: `${formatRatio(ratio)} as fast`,
    slower: `slower, ${formatRatio(ratio)} as fast`,
    same: 'no measurable difference',
  };
  return `${words[speedOf(speed)]} (${spreadText(speed)})`;
}

const spreadText = ({ ratioSpread }: Speed): string =>
  ratioSpread ? `${formatRatio(ratioSpread[0])} – ${formatRatio(ratioSpread[1])}` : 'spread not recorded';

/** `8.10 ms (7.92 ms – 8.50 ms)`: the median, the shortest sample and the 90th percentile. */
export function latencyText({ latencyMs, latencyMinMs, latencyP90Ms }: LatencyMeasures): string {
  const middle = latencyMs ?? latencyMinMs;
  if (typeof middle !== 'number') return '–';
  const range = rangeText({ latencyMinMs, latencyP90Ms });
  return formatMs(middle) + (range === '' ? '' : ` (${range})`);
}

/** `7.92 ms – 8.50 ms`; empty if unknown. */
export const rangeText = ({ latencyMinMs: least, latencyP90Ms: most }: LatencyMeasures): string =>
  typeof least === 'number' && typeof most === 'number' ? `${formatMs(least)} – ${formatMs(most)}` : '';

/** The speed-up of one network over another; computed from their medians if no ratio was recorded. */
export function speedBetween(before: LatencyMeasures, after: LatencyMeasures): Speed {
  const [was, is] = [before, after].map(
    ({ latencyMs, latencyMinMs }) => latencyMs ?? latencyMinMs ?? Number.NaN,
  );
  return { ratio: after.latencyRatio ?? was! / is!, ratioSpread: after.latencyRatioSpread };
}

/** `12.3 ms (…) → 8.10 ms (…), 1.52× as fast (…)`. */
export const latencyChange = (before: LatencyMeasures, after: LatencyMeasures): string =>
  `${latencyText(before)} → ${latencyText(after)}, ${speedText(speedBetween(before, after))}`;

/** Speed-ups below this factor are reported as small. */
const WORTHWHILE = 1.05;

/** A warning if the speed-up is small, not measurable, or below 1; null if the network is clearly faster. */
export function smallGain(speed: Speed): string | null {
  const { ratio } = speed;
  const words = {
    slower: `slower than the original: ${formatRatio(ratio)} as fast (${spreadText(speed)})`,
    same: `not measurably faster than the original (${formatRatio(ratio)}, ${spreadText(speed)})`,
    faster: ratio < WORTHWHILE ? `the gain in speed is under 5 % (${speedText(speed)})` : null,
  };
  return Number.isFinite(ratio) ? words[speedOf(speed)] : null;
}

/** Above this ratio of the quartiles, the machine changed more than the models differ. */
const SCATTERED = 1.5;

/** A model with the quartiles of its ratios. */
export interface Sampled {
  readonly path: string;
  readonly ratioSpread: readonly [number, number];
}

/** A warning if other processes disturbed a measurement; null if not. */
export function disturbance(models: readonly Sampled[]): string | null {
  const scattered = models.filter(({ ratioSpread: [low, high] }) => high / low > SCATTERED);
  if (scattered.length === 0) return null;
  const ratios = scattered.map(({ path, ratioSpread }) => `${path} ${shortSpread(ratioSpread)}`).join(', ');
  return `the ratios vary too much between rounds (${ratios}): measure again when this machine is otherwise idle`;
}

/** `1.45–1.60`. */
export const shortSpread = ([low, high]: readonly [number, number]): string =>
  `${low.toFixed(2)}–${high.toFixed(2)}`;
