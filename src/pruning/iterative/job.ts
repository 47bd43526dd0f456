import type { Calibration } from '../../calibration/calibration.ts';
import type { Comparison } from '../../calibration/comparison.ts';
import { isLossAlone } from '../../calibration/damage.ts';
import type { DataSet } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Timer } from '../../measure/timer.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { TrainOptions } from '../../training/options.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import { defaultNormalization } from '../defaults.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import type { ChannelPruningOptions } from '../prune-channels.ts';
import type { RankingOptions } from '../rank-channels.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import type { SearchOptions } from '../search/search-channels.ts';
import type { DamageMeasure } from '../sensitivity/greedy.ts';
import type { UnitSensitivity } from '../sensitivity/measure.ts';
import type { PruningSettings } from './settings.ts';
import type { PruningStage } from './stages.ts';

/** Images to calibrate with, to evaluate on, and to retrain with. */
export interface PruningData {
  readonly set: DataSet;
  readonly preprocessing: Preprocessing;
  readonly calibration: Calibration;
}

/** Retraining: its epochs in all, and the options of some of them, but for the network and its folder. */
export interface Retraining {
  readonly epochs: number;
  /** Whether it learns the outputs of the original, in place of labels. */
  readonly distills: boolean;
  options(epochs: number): Omit<TrainOptions, 'network' | 'run'>;
}

/** Who hears of what pruning does. */
export interface PruningWatch {
  readonly signal?: AbortSignal | undefined;
  /** A network was evaluated; step 0 is before the first cut. */
  onStage?(stage: PruningStage, step: number): void;
  /** Images evaluated so far. */
  onEvaluated?(images: number, of: number): void;
  onWarning?(line: string): void;
}

/** Everything that pruning in steps works on. */
export interface PruningJob extends PruningWatch {
  readonly settings: PruningSettings;
  /** The network to prune: constants folded, in the form that training takes where it is retrained. */
  readonly original: PreparedNetwork;
  /** The file that the first cut is compared with, where the network is another form of it. */
  readonly reference?: ChannelPruningOptions['reference'];
  readonly executor: Executor;
  readonly data: PruningData | null;
  /** Compares networks with the one that is pruned, on test images; opened at its first use; null without images. */
  readonly comparison: (() => Promise<Comparison>) | null;
  /** Measured earlier, to choose widths by. */
  readonly sensitivity: readonly UnitSensitivity[] | null;
  /** The search of widths of a cut, by its index; none without. */
  search?(cut: number): SearchOptions | null;
  /** Times candidates and channel sets; null where neither the target nor `per` is a time. */
  readonly timer: Timer | null;
  /** Null without retraining. */
  readonly retraining: Retraining | null;
  /** Records the run, and resumes it; null keeps nothing. */
  readonly run: RunDirectory | null;
}

/** The options of channel pruning for a target. */
export const channelOptions = (job: PruningJob, target: PruningTarget): ChannelPruningOptions => ({
  ...rankingOptions(job),
  target,
  verify: job.settings.verify,
  outputs: job.settings.outputs,
  ...(job.timer && { timer: job.timer }),
  ...(job.signal && { signal: job.signal }),
});

/** How the settings rank channels. */
export function rankingOptions(job: PruningJob): RankingOptions {
  const { settings, executor, data, original, sensitivity } = job;
  const { criterion, granularity, scope, round, floor, reduce, per, seed, scoreFolded } = settings;
  return {
    executor,
    // Masks have scores of their own.
    criterion: criterion === 'mask' ? 'l1-norm' : criterion,
    side: granularity === 'channel' ? 'inputs' : 'filters',
    foldBatchNormalization: scoreFolded ?? false,
    normalize: settings.normalize ?? defaultNormalization(criterion),
    reduce,
    per: per ?? null,
    scope,
    round,
    floor,
    layerRatios: settings.layerRatios ?? [],
    seed,
    calibration: data?.calibration ?? null,
    original,
    ...(sensitivity ? { sensitivity: { sensitivities: sensitivity, damage: damageOf(sensitivity) } } : {}),
  };
}

/** The loss where class scores are the only output that counts, else the error of all outputs. */
const damageOf = (sensitivity: readonly UnitSensitivity[]): DamageMeasure =>
  sensitivity.every(({ points }) => points.every(isLossAlone)) ? 'loss' : 'outputError';
