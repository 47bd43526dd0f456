import type { Graph } from '../graph/graph.ts';
import type { Controller, Moment } from '../training/options.ts';
import { shrinkAccount } from './account.ts';
import { liveStripesOf, type StripeLayer } from './layers.ts';
import { maskedNetwork } from './merge.ts';
import { keptMacs, type PaceDecision, type PaceName, type PaceSettings, paces } from './pace.ts';
import type { LayerShapes } from './shapes.ts';
import type { LastingDead } from './shrink.ts';
import { filterSkeleton, type SkeletonSettings } from './skeleton.ts';

export interface StripeControllerOptions extends PaceSettings, SkeletonSettings {
  readonly pace: PaceName;
  readonly layers: readonly StripeLayer[];
  readonly totalMacs: number;
  /** Cut filters without stripes from the network while it trains. Default true. */
  readonly shrink?: boolean;
  /** Layers keep dead filters that fill their width up to a multiple of this, for speed. Default 16. */
  readonly shrinkMultiple?: number;
}

export interface StripeController extends Controller {
  /** The shapes of all filters of the original network, read off the masked network that a run ended with. */
  shapes(masked: Graph): LayerShapes[];
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
  readonly cut: readonly LastingDead[];
}

/** Steps between two looks at the masks. */
const LOOK_EVERY = 10;

/**
 * Steers skeleton training: α and δ by the chosen pace, masks frozen once the target is reached, filters without
 * stripes cut at the ends of epochs.
 */
export function stripeController(options: StripeControllerOptions): StripeController {
  const { layers, totalMacs, momentum = 0.9, weightDecay = 0, shrink = true, shrinkMultiple = 16 } = options;
  const account = shrinkAccount({ layers, totalMacs, multiple: shrinkMultiple });
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
      const stripes = layers.reduce((sum, layer) => sum + layer.stripes, 0);
      const live = layers.reduce((sum, layer) => sum + liveStripesOf(state, layer), 0);
      return {
        macsKept: keptMacs(state, layers, totalMacs),
        macsRunning: account.macsRunning(),
        stripesKept: live / stripes,
        skeletonPressure: pressure.l1,
        skeletonDecay: pressure.decay,
      };
    },
    shrink: (network, state) => (shrink ? account.shrink(network, state) : null),
    shrunk: (network) => account.replay(network),
    shapes: (masked) => account.shapes(masked),
    save: (): Saved => ({ decision, pressure, cut: account.save() }),
    restore(saved) {
      const { decision: decided, pressure: exerted, cut } = saved as Saved;
      decision = decided;
      pressure = { ...exerted };
      account.restore(cut);
    },
  };
}
