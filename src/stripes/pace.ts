import type { Tensors } from '../runtime/executor.ts';
import type { Moment } from '../training/options.ts';
import { liveStripesOf, maskOf, type StripeLayer, skeletonOf } from './layers.ts';

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

/** What a pace decides for the next steps. A negative threshold drops nothing more. */
export interface PaceDecision {
  readonly alpha: number;
  readonly threshold: number;
  /** The target is reached: masks stay as they are. */
  readonly frozen: boolean;
}

export interface PaceSettings {
  /** The L1 coefficient α. */
  readonly alpha: number;
  /** δ: a stripe dies when |I| falls to it. */
  readonly threshold: number;
  /** Part of the original MACs to keep; null: no target. */
  readonly target: number | null;
  /** `gradual` alone: the part of the run in which the target is approached. */
  readonly until: number;
}

interface PaceCall {
  readonly moment: Moment;
  readonly state: Tensors;
  readonly layers: readonly StripeLayer[];
  readonly totalMacs: number;
  readonly settings: PaceSettings;
}

type Pace = (call: PaceCall) => PaceDecision;

const FROZEN: PaceDecision = { alpha: 0, threshold: -1, frozen: true };

/** How stripes go: which threshold and which α, looked at every few steps. */
export const paces = {
  /** The paper's rule: fixed α and δ, until the target is reached. */
  threshold: ({ state, layers, totalMacs, settings }) => {
    const reached = settings.target !== null && keptMacs(state, layers, totalMacs) <= settings.target;
    return reached ? FROZEN : { alpha: settings.alpha, threshold: settings.threshold, frozen: false };
  },
  /**
   * Ours, for a target R: the kept part follows 1 − (1 − R)·(1 − (1 − t)³) over the first `until` of the run (the cubic
   * of Zhu & Gupta, 2017, arXiv:1710.01878), the threshold being set so that the smallest |I| of the whole network go.
   * Stripes die one by one, where a fixed δ lets many cross at once.
   */
  gradual: ({ moment, state, layers, totalMacs, settings }) => {
    const target = settings.target ?? 1;
    const t = Math.min(1, moment.step / (settings.until * moment.totalSteps));
    const wanted = 1 - (1 - target) * (1 - (1 - t) ** 3);
    const kept = keptMacs(state, layers, totalMacs);
    if (kept <= target) return FROZEN;
    const threshold = Math.max(settings.threshold, thresholdFor((kept - wanted) * totalMacs, state, layers));
    return { alpha: settings.alpha, threshold, frozen: false };
  },
} satisfies Record<string, Pace>;

export type PaceName = keyof typeof paces;

/** The |I| at which the smallest living stripes add up to `macs`; −1 where none has to go. */
function thresholdFor(macs: number, state: Tensors, layers: readonly StripeLayer[]): number {
  if (macs <= 0) return -1;
  const living: { size: number; macs: number }[] = [];
  for (const layer of layers) {
    const mask = maskOf(state, layer);
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
