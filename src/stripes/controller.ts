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
import { macsCosts } from './shared/costs.ts';
import { type SharedShapeSettings, type SharedShapes, shareShapes } from './shared/index.ts';
import type { LastingDead } from './shrink.ts';
import { openShrinkHistory, type ShrinkHistory } from './shrink-history.ts';
import { filterSkeleton, type SkeletonSettings } from './skeleton.ts';

/** Options of {@link stripeController}. */
export interface StripeControllerOptions extends MaskScheduleSettings, SkeletonSettings {
  readonly pace: MaskScheduleName;
  readonly layers: readonly StripeLayer[];
  readonly totalMacs: number;
  /** Whether to remove filters without stripes from the network during training. Default true. */
  readonly shrink?: boolean;
  /** A shrunk layer keeps dead filters up to a multiple of this width, for speed. Default 16. */
  readonly shrinkMultiple?: number;
  /** Lets filters share their shapes in blocks. Default: each filter has its own shape, as with free blocks of 1. */
  readonly shared?: SharedShapeSettings;
}

/** A controller that learns filter skeletons. */
export interface StripeController extends Controller {
  /** The shapes of all filters of the original network, read from the masked network at the end of a run. */
  shapes(masked: Graph): LayerShapes[];
}

/** The accumulated pressure on the skeletons, for the report. */
interface Pressure {
  /** Σ lr·α/(1 − μ): the reduction of |I| by the L1 term. */
  l1: number;
  /** Σ lr·wd/(1 − μ): the rate at which weight decay shrinks I. */
  decay: number;
}

/** Settings of the next steps. A negative threshold removes nothing more. */
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

/** Steps between two checks of the masks. */
const LOOK_EVERY = 10;

/**
 * Controls skeleton training: sets α and δ by the chosen schedule, freezes masks once the target is reached, and removes
 * filters without stripes at the ends of epochs.
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
    events: (masked) => [{ type: 'shapes', shapes: account.shapes(masked) }],
    metrics(state) {
      const stripes = layers.reduce((sum, layer) => sum + layer.stripes, 0);
      const live = layers.reduce((sum, layer) => sum + liveStripesOf(state, layer), 0);
      return {
        macsKept: keptMacs(state, layers, totalMacs),
        ...(options.shared?.costs && { latencyKept: dropping.kept(state) }),
        macsRunning: account.macsRunning(),
        stripesKept: live / stripes,
        skeletonPressure: pressure.l1,
        skeletonDecay: pressure.decay,
      };
    },
    shrink: (network, state) => (shrink ? account.shrink(network, state) : null),
    shrunk: (network) => account.replay(network),
    isSettled: () => decision.frozen || options.target === null,
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

/** How demands of the schedule are met. */
interface DropStrategy {
  /** The fraction of the original cost that is left. */
  kept(state: Tensors): number;
  /** The threshold of the next step, and the state to write before it. */
  drop(state: Tensors, demand: MaskDemand): { readonly threshold: number; readonly written: Tensors | null };
  readonly blocks?: SharedShapes;
}

/**
 * Without sharing, a step removes stripes by threshold. With blocks, they are removed between steps, because a step does not
 * see a block as a whole.
 */
function droppingOf(options: StripeControllerOptions, account: ShrinkHistory): DropStrategy {
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
  const blocks = shareShapes({ costs: macsCosts(totalMacs), ...shared }, layers);
  return {
    blocks,
    kept: (state) => blocks.kept(state, account.kept()),
    drop: (state, demand) => ({ threshold: -1, written: blocks.drop(state, account.kept(), demand) }),
  };
}
