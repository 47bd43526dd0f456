import type { Calibration } from '../../calibration/calibration.ts';
import type { Comparison } from '../../calibration/comparison.ts';
import { isLossAlone } from '../../calibration/damage.ts';
import type { DataSet } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import { assert } from '../../errors.ts';
import type { Timer } from '../../measure/timer.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { TrainOptions } from '../../training/options.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import type { TrainingTask } from '../../training/tasks/task.ts';
import { defaultNormalization } from '../defaults.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import type { ChannelPruningOptions } from '../prune-channels.ts';
import type { RankingOptions } from '../rank-channels.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import type { DamageMeasure } from '../sensitivity/greedy.ts';
import type { UnitSensitivity } from '../sensitivity/measure.ts';
import type { PruningSettings } from './settings.ts';
import type { PruningStage } from './stages.ts';

/** Images for calibration, evaluation and retraining. */
export interface PruningData {
  readonly set: DataSet;
  readonly preprocessing: Preprocessing;
  readonly calibration: Calibration;
  /** Compares networks with the original on test images; opened at its first use. */
  comparison(): Promise<Comparison>;
}

/**
 * Retraining: the total number of epochs, and the options of training for some of them (default: all), without network and
 * run directory.
 */
export interface Retraining {
  readonly epochs: number;
  /** The task of learning a teacher's outputs; null for retraining without a teacher. */
  readonly distillation: TrainingTask | null;
  options(epochs?: number): Omit<TrainOptions, 'network' | 'run'>;
}

/** Callbacks for the progress of pruning. */
export interface PruningWatch {
  readonly signal?: AbortSignal | undefined;
  /** Called after a network was evaluated; step 0 is before the first cut. */
  onStage?(stage: PruningStage, step: number): void;
  /** Called with the number of images evaluated so far. */
  onEvaluated?(images: number, of: number): void;
  /** Called after a choice of widths was tried in the search of a cut, with the damage that it does. */
  onCandidate?(tried: number, of: number, damage: number): void;
  onWarning?(line: string): void;
}

/** Everything that pruning in steps works with. */
export interface PruningJob extends PruningWatch {
  readonly settings: PruningSettings;
  /** The network to prune: constants folded, and in the form for training if it is retrained. */
  readonly original: PreparedNetwork;
  /** The file with which the first cut is compared; null if the network is more than a converted form of it. */
  readonly reference: NonNullable<ChannelPruningOptions['reference']> | null;
  readonly executor: Executor;
  readonly data: PruningData | null;
  /** Sensitivities measured earlier, by which widths are chosen. */
  readonly sensitivity: readonly UnitSensitivity[] | null;
  /** How many choices of widths each cut tries; null without search. */
  readonly search: number | null;
  /** Times candidates and channel sets; null if neither the target nor `per` is a time. */
  readonly timer: Timer | null;
  /** null without retraining. */
  readonly retraining: Retraining | null;
  /** Records the run, and resumes it; null records nothing. */
  readonly run: RunDirectory | null;
}

/** A job with images. */
export interface ImageJob extends PruningJob {
  readonly data: PruningData;
}

/** A job with retraining, on images. */
export interface RetrainingJob extends ImageJob {
  readonly retraining: Retraining;
}

/** Whether a job has images to calibrate and evaluate with. */
export const hasImages = (job: PruningJob): job is ImageJob => job.data !== null;

export const isRetrained = (job: PruningJob): job is RetrainingJob =>
  hasImages(job) && job.retraining !== null;

/** The job as one with retraining; {@link checkRequest} has refused settings that need it without it. */
export function requireRetraining(job: PruningJob): RetrainingJob {
  assert(isRetrained(job), 'expected a job with retraining');
  return job;
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

/** The ranking options of the settings. */
export function rankingOptions(job: PruningJob): RankingOptions {
  const { settings, executor, data, original, sensitivity } = job;
  const { criterion, granularity, scope, round, floor, reduce, per, seed, scoreFolded } = settings;
  return {
    executor,
    // Learned masks are scores by themselves.
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

/** The loss if class scores are the only compared output, else the error of all outputs. */
const damageOf = (sensitivity: readonly UnitSensitivity[]): DamageMeasure =>
  sensitivity.every(({ points }) => points.every(isLossAlone)) ? 'loss' : 'outputError';
