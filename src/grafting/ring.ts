import type { Graph } from '../graph/graph.ts';
import type { Calibration } from '../pruning/calibration.ts';
import type { Executor } from '../runtime/executor.ts';
import { latestCheckpoint } from '../training/checkpoint.ts';
import type { StepProgress } from '../training/options.ts';
import type { Progress } from '../training/session.ts';
import { type GraftSettings, graftEpoch } from './graft-epoch.ts';
import { informationOf, type LayerInformation } from './information.ts';
import type { GraftLayer } from './layers.ts';
import type { TrainingJob } from './training-job.ts';

/** Whoever carries out jobs of training: this process, others of this machine, other machines. */
export interface Trainers {
  /** Carries out jobs that do not hang on one another; throws what the first that failed threw. */
  run(jobs: readonly TrainingJob[], watching: TrainingWatch): Promise<void>;
  close(): Promise<void>;
}

export interface TrainingWatch {
  readonly signal?: AbortSignal | undefined;
  /** Told how the job at a place is getting on. */
  onStep?(job: number, progress: StepProgress): void;
}

/** What the weights of one network of a ring tell at the end of an epoch, before they are grafted. */
export interface MemberInformation {
  readonly layers: readonly LayerInformation[];
}

export interface RingOptions {
  /** The jobs of all networks, but for the epoch to train to. */
  readonly members: readonly Omit<TrainingJob, 'until'>[];
  readonly network: Graph;
  readonly layers: readonly GraftLayer[];
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly settings: GraftSettings;
  readonly calibration: Calibration;
  readonly executor: Executor;
  readonly trainers: Trainers;
  readonly signal?: AbortSignal;
  onStep?(member: number, progress: StepProgress): void;
  /** Told of each epoch once all networks are through it, those of an interrupted run included. */
  onEpoch?(epoch: number, members: readonly MemberInformation[]): void | Promise<void>;
}

/**
 * Trains networks side by side and grafts each with the one before it at the end of every epoch but the last (Meng et al.,
 * Filter Grafting, CVPR 2020, arXiv:2001.05868, section 3.2). All that it knows lies in the folders of the runs, so that it
 * goes on wherever it was interrupted.
 */
export async function trainRing(options: RingOptions): Promise<void> {
  const { members, epochs, trainers, layers, settings, signal } = options;
  const folders = members.map(({ folder }) => folder);
  for (let epoch = Math.max(1, Math.min(...folders.map(epochsDone))); epoch <= epochs; epoch++) {
    const behind = members.flatMap((member, i) => (epochsDone(member.folder) < epoch ? [i] : []));
    const jobs = behind.map((i) => ({ ...members[i]!, until: epoch }));
    if (jobs.length > 0) {
      const onStep = (job: number, progress: StepProgress) => options.onStep?.(behind[job]!, progress);
      await trainers.run(jobs, { signal, onStep });
    }
    await options.onEpoch?.(
      epoch,
      folders.map((folder) => ({
        layers: informationOf(
          layers,
          latestCheckpoint(folder, { ungrafted: true })!.tensors,
          settings.threshold,
        ),
      })),
    );
    if (epoch < epochs) await graftEpoch({ ...options, folders, epoch, step: epoch * options.stepsPerEpoch });
  }
}

/** Finished epochs of a run. */
const epochsDone = (folder: string): number => latestCheckpoint<Progress>(folder)?.progress.epoch ?? 0;
