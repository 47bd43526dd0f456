import type { Controller, Moment } from '../training/options.ts';
import { maskOf, type StripeLayer } from './layers.ts';
import { maskedNetwork } from './merge.ts';
import { keptMacs, type PaceDecision, type PaceName, type PaceSettings, paces } from './pace.ts';
import { filterSkeleton, type SkeletonSettings } from './skeleton.ts';

export interface StripeControllerOptions extends PaceSettings, SkeletonSettings {
  readonly pace: PaceName;
  readonly layers: readonly StripeLayer[];
  readonly totalMacs: number;
}

/** How far the skeletons were pushed, for the report. */
interface Pressure {
  /** Σ lr·α/(1 − μ): what the L1 term takes from |I|. */
  l1: number;
  /** Σ lr·wd/(1 − μ): the rate at which weight decay shrinks I. */
  decay: number;
}

interface Saved {
  readonly decision: PaceDecision;
  readonly pressure: Pressure;
}

/** Steps between two looks at the masks. */
const LOOK_EVERY = 10;

/** Steers skeleton training: α and δ by the chosen pace, masks frozen once the target is reached. */
export function stripeController(options: StripeControllerOptions): Controller {
  const { layers, totalMacs, momentum = 0.9, weightDecay = 0 } = options;
  const pace = paces[options.pace];
  let decision: PaceDecision = { alpha: options.alpha, threshold: options.threshold, frozen: false };
  let pressure: Pressure = { l1: 0, decay: 0 };

  const look = (moment: Moment, state: Parameters<typeof keptMacs>[0]) => {
    decision = pace({ moment, state, layers, totalMacs, settings: options });
  };
  return {
    extensions: [filterSkeleton(options)],
    scalars: () => ({ alpha: decision.alpha, threshold: decision.threshold }),
    afterStep(moment, state) {
      const rate = moment.learningRate / (1 - momentum);
      pressure.l1 += rate * decision.alpha;
      pressure.decay += rate * weightDecay;
      if (decision.frozen) return;
      if (moment.step % LOOK_EVERY === 0) look(moment, state());
      else if (options.pace === 'gradual') decision = { ...decision, threshold: -1 };
    },
    network: (network, state) => maskedNetwork(network, state),
    metrics(state) {
      const masks = layers.map((layer) => maskOf(state, layer));
      const stripes = masks.reduce((sum, mask) => sum + mask.length, 0);
      const live = masks.reduce((sum, mask) => sum + mask.filter((m) => m !== 0).length, 0);
      return {
        macsKept: keptMacs(state, layers, totalMacs),
        stripesKept: live / stripes,
        skeletonPressure: pressure.l1,
        skeletonDecay: pressure.decay,
      };
    },
    save: (): Saved => ({ decision, pressure }),
    restore(saved) {
      ({ decision } = saved as Saved);
      pressure = { ...(saved as Saved).pressure };
    },
  };
}
