import type { Graph } from '../graph/graph.ts';
import type { Tensors } from '../runtime/executor.ts';
import type { Controller, RunPosition } from '../training/options.ts';
import { liveStripesOf, type StripeLayer } from './layers.ts';
import type { MaskScheduleName } from './learning.ts';
import {
  keptMacs,
  type MaskDemand,
  type MaskScheduleSettings,
  maskSchedules,
  thresholdFor,
} from './mask-schedule.ts';
import { maskedNetwork } from './merge.ts';
import type { LayerShapes } from './shapes.ts';
import type { SavedBlocks } from './shared/blocks.ts';
import { type SharedShapeSettings, type SharedShapes, shareShapes } from './shared/index.ts';
import { macsPricing } from './shared/pricing.ts';
import type { LastingDead } from './shrink.ts';
import { openShrinkHistory, type ShrinkHistory } from './shrink-history.ts';
import { filterSkeleton, type SkeletonSettings } from './skeleton.ts';

/** Options of {@link stripeController}. */
export interface StripeControllerOptions extends MaskScheduleSettings, SkeletonSettings {
  readonly pace: MaskScheduleName;
  readonly layers: readonly StripeLayer[];
  readonly totalMacs: number;
  /** Cut filters without stripes from the network while it trains. Default true. */
  readonly shrink?: boolean;
  /** Layers keep dead filters that fill their width up to a multiple of this, for speed. Default 16. */
  readonly shrinkMultiple?: number;
  /** Filters share their shapes in blocks. Default: each has its own, as they have in free blocks of 1. */
  readonly shared?: SharedShapeSettings;
}

/** The controller that learns filter skeletons, and what it has masked so far. */
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

/** What the next steps get. A negative threshold drops nothing more. */
interface Decision {
  readonly alpha: number;
  readonly threshold: number;
  readonly frozen: boolean;
}

interface Saved {
  readonly decision: Decision;
  readonly pressure: Pressure;
  readonly cut: readonly LastingDead[];
  readonly blocks?: SavedBlocks;
}

/** Steps between two looks at the masks. */
const LOOK_EVERY = 10;

/**
 * Steers skeleton training: α and δ by the chosen pace, masks frozen once the target is reached, filters without
 * stripes cut at the ends of epochs.
 *
 * @example
 * const prepared = await prepareNetwork(network, onnxruntime);
 * const controller = stripeController({
 *   ...stripeLayers(prepared),
 *   pace: 'gradual',
 *   alpha: 1e-5,
 *   threshold: 0.01,
 *   target: 0.5,
 *   until: 0.6,
 * });
 */
export function stripeController(options: StripeControllerOptions): StripeController {
  const { layers, totalMacs, momentum = 0.9, weightDecay = 0, shrink = true, shrinkMultiple = 16 } = options;
  const account = openShrinkHistory({ layers, totalMacs, multiple: shrinkMultiple });
  const dropping = droppingOf(options, account);
  const pace = maskSchedules[options.pace];
  const { alpha, threshold } = options;
  let decision: Decision = { alpha, threshold: dropping.blocks ? -1 : threshold, frozen: false };
  let pressure: Pressure = { l1: 0, decay: 0 };
  const isDue = ({ step }: RunPosition) => !decision.frozen && step % LOOK_EVERY === 0;

  return {
    extensions: [filterSkeleton(options)],
    scalars: () => ({ alpha: decision.alpha, threshold: decision.threshold }),
    afterStep(moment) {
      const rate = moment.learningRate / (1 - momentum);
      pressure.l1 += rate * decision.alpha;
      pressure.decay += rate * weightDecay;
      if (options.pace === 'gradual' && !decision.frozen) decision = { ...decision, threshold: -1 };
    },
    overwrite(moment, read) {
      if (!isDue(moment)) return null;
      const state = read();
      const demand = pace({ moment, kept: dropping.kept(state), settings: options });
      const { threshold, written } = dropping.drop(state, demand);
      decision = { alpha: demand.alpha, frozen: demand.frozen, threshold };
      return written;
    },
    network: (network, state) => maskedNetwork(network, state),
    metrics(state) {
      const stripes = layers.reduce((sum, layer) => sum + layer.stripes, 0);
      const live = layers.reduce((sum, layer) => sum + liveStripesOf(state, layer), 0);
      return {
        macsKept: keptMacs(state, layers, totalMacs),
        ...(options.shared?.pricing && { latencyKept: dropping.kept(state) }),
        macsRunning: account.macsRunning(),
        stripesKept: live / stripes,
        skeletonPressure: pressure.l1,
        skeletonDecay: pressure.decay,
      };
    },
    shrink: (network, state) => (shrink ? account.shrink(network, state) : null),
    shrunk: (network) => account.replay(network),
    shapes: (masked) => account.shapes(masked),
    save: (): Saved => ({
      decision,
      pressure,
      cut: account.save(),
      ...(dropping.blocks && { blocks: dropping.blocks.save() }),
    }),
    restore(saved) {
      const { decision: decided, pressure: exerted, cut, blocks } = saved as Saved;
      decision = decided;
      pressure = { ...exerted };
      account.restore(cut);
      if (blocks) dropping.blocks?.restore(blocks);
    },
  };
}

/** How what a pace asks for goes. */
interface Dropping {
  /** The part of the original cost that is left. */
  kept(state: Tensors): number;
  /** The threshold of the next step, and what changes before it. */
  drop(state: Tensors, demand: MaskDemand): { readonly threshold: number; readonly written: Tensors | null };
  readonly blocks?: SharedShapes;
}

/** Each stripe by itself, in the step; or with those of its block, between steps: no step sees a block as a whole. */
function droppingOf(options: StripeControllerOptions, account: ShrinkHistory): Dropping {
  const { layers, totalMacs, shared } = options;
  if (!shared || (shared.block === 1 && shared.shapes === 'free')) {
    return {
      kept: (state) => keptMacs(state, layers, totalMacs),
      drop(state, { upTo, part }) {
        const threshold = Math.max(upTo, thresholdFor(part * totalMacs, state, layers));
        return { threshold, written: null };
      },
    };
  }
  const blocks = shareShapes({ pricing: macsPricing(totalMacs), ...shared }, layers);
  return {
    blocks,
    kept: (state) => blocks.kept(state, account.kept()),
    drop: (state, demand) => ({ threshold: -1, written: blocks.drop(state, account.kept(), demand) }),
  };
}
