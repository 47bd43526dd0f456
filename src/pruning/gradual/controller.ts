import type { Graph } from '../../graph/graph.ts';
import { filled } from '../../numeric/tensor.ts';
import type { Tensors } from '../../runtime/executor.ts';
import type { Controller } from '../../training/options.ts';
import type { StepExtension } from '../../training/step-graph.ts';
import { withState } from '../../training/training-step.ts';
import type { SelectionRules } from '../ranking/selection.ts';
import { chooseSets } from './choose-sets.ts';
import { goalAt, type MaskingGoal, type MaskingPace } from './goal.ts';
import { gradientName, maskExtension, maskedNetwork, maskTensors } from './mask-extension.ts';
import { type MovingScores, openMovingScores } from './moving-scores.ts';
import type { MaskPlace, PrunableSets, ReducedNetwork, SetCosts } from './prunable-sets.ts';
import { removableSets } from './removable-sets.ts';
import { sliceState } from './slice-state.ts';

/** Options of {@link gradualController}. */
export interface GradualOptions extends MaskingPace {
  readonly sets: PrunableSets;
  readonly costs: SetCosts;
  /** The fraction of the original cost to keep. */
  readonly part: number;
  /** Rules for the widths at the end; before, widths are not rounded. */
  readonly rules: SelectionRules;
  /** The name of the cost's fraction in the record. */
  readonly metric: string;
  /** Parameters that keep their values. Default: none. */
  readonly freezes?: StepExtension['freezes'];
  /** Scores the sets of the network without `removed`, in place of the moving average of gradients. */
  score?(network: Graph, removed: ReadonlySet<number>): Promise<ReadonlyMap<number, number>>;
}

/** The controller, with access to its progress. */
export interface GradualController extends Controller {
  /** The sets that are masked or removed. */
  pruned(): ReadonlySet<number>;
  /** Whether the target is met. */
  met(): boolean;
  /** The network that a state represents, without masked sets. */
  reduced(state: Tensors): Graph;
}

/**
 * Prunes channel sets while a network trains. Every few steps, the sets with the lowest scores per cost are masked, so that
 * the cost follows a cubic schedule (Zhu & Gupta, 2017, arXiv:1710.01878); at the ends of epochs, masked sets are removed. A
 * masked set stays masked, except in the last masking, which rounds widths.
 */
export function gradualController(options: GradualOptions): GradualController {
  const { sets } = options;
  const whole = sets.without(new Set());
  const candidates = sets.units.flatMap((unit) => unit.sets.filter((root) => !unit.reasons.has(root)));
  const pruning: Pruning = {
    options,
    places: whole.places,
    scores: openMovingScores(candidates),
    progress: { masked: new Set(), removed: new Set(), left: 1, isDone: false, current: whole },
  };
  return { ...maskingPart(pruning), ...shrinkingPart(pruning), ...recordPart(pruning) };
}

/** The progress of pruning. */
interface Progress {
  /** In the order of masking, including those that were removed. */
  masked: ReadonlySet<number>;
  removed: ReadonlySet<number>;
  /** The fraction of the original cost that the masked network has. */
  left: number;
  isDone: boolean;
  /** The network in training. */
  current: ReducedNetwork;
}

/** State that the parts of a controller share. */
interface Pruning {
  readonly options: GradualOptions;
  /** All places of masks in the original network; those of the network in training may be narrower. */
  readonly places: readonly MaskPlace[];
  readonly scores: MovingScores;
  readonly progress: Progress;
}

type MaskingPart = Pick<GradualController, 'extensions' | 'scalars' | 'afterStep' | 'overwrite' | 'network'>;

function maskingPart({ options, places, scores, progress }: Pruning): MaskingPart {
  const { score, freezes } = options;
  const network = (graph: Graph, state: Tensors) => maskedNetwork(withState(graph, state), places, state);
  return {
    extensions: [{ ...maskExtension(() => progress.current.places), ...(freezes && { freezes }) }],
    scalars: () => ({}),
    afterStep(_, state) {
      if (!score && !progress.isDone) scores.add(progress.current.places, state(), progress.masked);
    },
    async overwrite(moment, state) {
      const { removed, current, isDone } = progress;
      const goal = isDone ? null : goalAt(moment, options);
      if (!goal) return null;
      const found = (await score?.(network(current.network, state()), removed)) ?? scores.values();
      await maskMore(progress, options, { goal, scores: found });
      return maskTensors(current.places, progress.masked);
    },
    network,
  };
}

type ShrinkingPart = Required<Pick<GradualController, 'shrink' | 'shrunk' | 'reduced'>>;

function shrinkingPart({ options: { sets, rules }, progress }: Pruning): ShrinkingPart {
  return {
    shrink(_, state) {
      const before = progress.current;
      const removed = removableSets(sets, progress.masked, progress.isDone ? 1 : rules.round);
      if (removed.size === progress.removed.size) return null;
      const after = sets.without(removed);
      Object.assign(progress, { removed, current: after });
      return {
        network: after.network,
        state: reducedState(state, { before, after, pruned: progress.masked }),
      };
    },
    shrunk() {
      progress.current = sets.without(progress.removed);
      return progress.current.network;
    },
    reduced(state) {
      const after = sets.without(progress.masked);
      return withState(after.network, sliceState(state, progress.current, after));
    },
  };
}

type RecordPart = Pick<GradualController, 'metrics' | 'save' | 'restore' | 'isSettled' | 'pruned' | 'met'>;

function recordPart({ options: { metric, part }, scores, progress }: Pruning): RecordPart {
  return {
    metrics: () => ({ [metric]: progress.left }),
    save(): Saved {
      const { masked, removed, left, isDone } = progress;
      return { left, isDone, masked: [...masked], removed: [...removed], scores: scores.save() };
    },
    restore(saved) {
      const { masked, removed, scores: averages, ...others } = saved as Saved;
      Object.assign(progress, { ...others, masked: new Set(masked), removed: new Set(removed) });
      scores.restore(averages);
    },
    isSettled: () => progress.isDone,
    pruned: () => progress.masked,
    met: () => progress.isDone && progress.left <= part * EXACT,
  };
}

interface Saved extends Pick<Progress, 'left' | 'isDone'> {
  readonly masked: readonly number[];
  readonly removed: readonly number[];
  readonly scores: readonly (readonly [number, number])[];
}

/** Tolerance for rounding errors of a fraction. */
const EXACT = 1 + 1e-9;

/** Attempts of the last masking if the measured cost differs from the predicted one. */
const LAST_CHOICES = 8;

async function maskMore(
  progress: Progress,
  options: GradualOptions,
  { goal, scores }: { readonly goal: MaskingGoal; readonly scores: ReadonlyMap<number, number> },
): Promise<void> {
  const { costs } = options;
  // The last masking may unmask sets, but not restore removed ones.
  const settled = goal.isLast ? progress.removed : progress.masked;
  for (let i = 0; i < (goal.isLast ? LAST_CHOICES : 1); i++) {
    const limit = (goal.part * EXACT * costs.predicted(progress.masked)) / progress.left;
    const state = { masked: progress.masked, settled, scores };
    progress.masked = await chooseSets(options, state, { limit, rules: goal.rules });
    progress.left = await costs.measured(progress.masked);
    if (progress.left <= goal.part * EXACT) break;
  }
  progress.isDone = goal.isLast;
}

interface NetworkReduction {
  readonly before: ReducedNetwork;
  readonly after: ReducedNetwork;
  readonly pruned: ReadonlySet<number>;
}

/** The training state of a reduced network; gradients of masks are computed again. */
function reducedState(state: Tensors, { before, after, pruned }: NetworkReduction): Tensors {
  const masks = maskTensors(after.places, pruned);
  const gradients = after.places.map((place) => [gradientName(place), filled(place.shape, 0)] as const);
  return { ...sliceState(state, before, after), ...masks, ...Object.fromEntries(gradients) };
}
