import type { Tensors } from '../runtime/executor.ts';
import type { RunPosition } from '../training/options.ts';
import { liveStripesOf, type StripeLayer, skeletonOf, stripeMask } from './layers.ts';
import type { MaskScheduleName } from './learning.ts';

/**
 * The part of the original network's MACs that the living stripes leave, layers without stripes included. Stripes that
 * a state no longer holds are dead.
 */
export function keptMacs(state: Tensors, layers: readonly StripeLayer[], totalMacs: number): number {
  let dropped = 0;
  for (const layer of layers) {
    dropped += (layer.stripes - liveStripesOf(state, layer)) * layer.macsPerStripe;
  }
  return 1 - dropped / totalMacs;
}

/** What a schedule demands at one update of the masks. */
export interface MaskDemand {
  readonly alpha: number;
  /** Stripes with |I| ≤ this are removed. Negative: none. */
  readonly upTo: number;
  /** The part of the original cost to remove besides, smallest |I| first; none where it is not positive. */
  readonly part: number;
  /** The target is reached: masks stay as they are. */
  readonly frozen: boolean;
}

/** Settings of the schedule that masks stripes. */
export interface MaskScheduleSettings {
  /** The L1 coefficient α. */
  readonly alpha: number;
  /** δ: a stripe dies when |I| falls to it. */
  readonly threshold: number;
  /** Part of the original cost (MACs, unless said otherwise) to keep; null: no target. */
  readonly target: number | null;
  /** `gradual` alone: the part of the run in which the target is approached. */
  readonly until: number;
}

interface MaskScheduleCall {
  readonly moment: RunPosition;
  /** The part of the original cost that is left. */
  readonly kept: number;
  readonly settings: MaskScheduleSettings;
}

type MaskSchedule = (call: MaskScheduleCall) => MaskDemand;

const FROZEN: MaskDemand = { alpha: 0, upTo: -1, part: 0, frozen: true };

/** Mask schedules: the threshold and α of each update of the masks, every few steps. */
export const maskSchedules = {
  /** The paper's rule: fixed α and δ, until the target is reached. */
  threshold: ({ kept, settings: { alpha, threshold, target } }) =>
    target !== null && kept <= target ? FROZEN : { alpha, upTo: threshold, part: 0, frozen: false },
  /**
   * Ours, for a target R: the kept part follows 1 − (1 − R)·(1 − (1 − t)³) over the first `until` of the run (the cubic
   * of Zhu & Gupta, 2017, arXiv:1710.01878), the smallest |I| of the whole network going. Stripes die one by one, where a
   * fixed δ lets many cross at once.
   */
  gradual: ({ moment, kept, settings }) => {
    const target = settings.target ?? 1;
    const t = Math.min(1, moment.step / (settings.until * moment.totalSteps));
    const wanted = 1 - (1 - target) * (1 - (1 - t) ** 3);
    if (kept <= target) return FROZEN;
    return { alpha: settings.alpha, upTo: settings.threshold, part: kept - wanted, frozen: false };
  },
} satisfies Record<MaskScheduleName, MaskSchedule>;

/** The |I| at which the smallest living stripes add up to `macs`; −1 where `macs` is not positive. */
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
