import type { Tensors } from '../runtime/executor.ts';
import type { RunPosition } from '../training/options.ts';
import { liveStripesOf, type StripeLayer, skeletonOf, stripeMask } from './layers.ts';
import type { MaskScheduleName } from './learning.ts';

/**
 * The fraction of the original network's MACs that is left, including layers without stripes. Stripes that are missing in a
 * state count as dead.
 */
export function keptMacs(state: Tensors, layers: readonly StripeLayer[], totalMacs: number): number {
  let dropped = 0;
  for (const layer of layers) {
    dropped += (layer.stripes - liveStripesOf(state, layer)) * layer.macsPerStripe;
  }
  return 1 - dropped / totalMacs;
}

/** The demand of a schedule at one update of the masks. */
export interface MaskDemand {
  readonly alpha: number;
  /** Stripes with |I| ≤ this are removed. Negative: none. */
  readonly upTo: number;
  /** In addition, the fraction of the original cost to remove, smallest |I| first; none if it is not positive. */
  readonly part: number;
  /** Whether the target is reached, so that masks no longer change. */
  readonly frozen: boolean;
}

/** Settings of a mask schedule. */
export interface MaskScheduleSettings {
  /** The L1 coefficient α. */
  readonly alpha: number;
  /** δ: a stripe is removed once |I| ≤ δ. */
  readonly threshold: number;
  /** Fraction of the original cost (MACs by default) to keep; null: no target. */
  readonly target: number | null;
  /** For `gradual`: the fraction of the run in which the target is approached. */
  readonly until: number;
}

interface MaskScheduleCall {
  readonly moment: RunPosition;
  /** The fraction of the original cost that is left. */
  readonly kept: number;
  readonly settings: MaskScheduleSettings;
}

type MaskSchedule = (call: MaskScheduleCall) => MaskDemand;

const FROZEN: MaskDemand = { alpha: 0, upTo: -1, part: 0, frozen: true };

/** Mask schedules: the threshold and α of each mask update, which happens every few steps. */
export const maskSchedules = {
  /** The paper's rule: fixed α and δ, until the target is reached. */
  threshold: ({ kept, settings: { alpha, threshold, target } }) =>
    target !== null && kept <= target ? FROZEN : { alpha, upTo: threshold, part: 0, frozen: false },
  /**
   * Ours, for a target R: the kept fraction follows 1 − (1 − R)·(1 − (1 − t)³) over the first `until` of the run (the cubic
   * of Zhu & Gupta, 2017, arXiv:1710.01878), by removing the smallest |I| of the whole network. Stripes are removed one by
   * one, whereas many may cross a fixed δ at once.
   */
  gradual: ({ moment, kept, settings }) => {
    const target = settings.target ?? 1;
    const t = Math.min(1, moment.step / (settings.until * moment.totalSteps));
    const wanted = 1 - (1 - target) * (1 - (1 - t) ** 3);
    if (kept <= target) return FROZEN;
    return { alpha: settings.alpha, upTo: settings.threshold, part: kept - wanted, frozen: false };
  },
} satisfies Record<MaskScheduleName, MaskSchedule>;

/** The |I| up to which the smallest living stripes add up to `macs`; −1 if `macs` is not positive. */
export function thresholdFor(macs: number, state: Tensors, layers: readonly StripeLayer[]): number {
  if (macs <= 0) return -1;
  const living: { size: number; macs: number }[] = [];
  for (const layer of layers) {
    const mask = stripeMask(state, layer);
    skeletonOf(state, layer).forEach((value, i) => {
      if (mask[i] !== 0) living.push({ size: Math.abs(value), macs: layer.macsPerStripe });
    });
  }
  living.sort((a, b) => a.size - b.size);
  let sum = 0;
  for (const stripe of living) {
    sum += stripe.macs;
    if (sum >= macs) return stripe.size;
  }
  return -1;
}
