import type { Graph } from '../graph/graph.ts';
import type { Calibration } from '../pruning/calibration.ts';
import type { Executor } from '../runtime/executor.ts';
import type { StepProgress } from '../training/options.ts';
import { type GraftSettings, graftEpoch } from './graft-epoch.ts';
import type { GraftLayer } from './layers.ts';
import type { TrainingJob } from './training-job.ts';

export interface TrainingWatch {
  readonly signal?: AbortSignal | undefined;
  /** Told how the network at a place of the ring is getting on. */
  onStep?(member: number, progress: StepProgress): void;
}

/** An epoch of a ring. */
export interface EpochWork {
  /** From 1. */
  readonly epoch: number;
  /** Networks that have not come through it yet, by their place in the ring. */
  readonly behind: readonly number[];
  /** Whether they are grafted at its end. */
  readonly grafts: boolean;
}

/** Whoever brings the networks of a ring through an epoch: this machine, or others. */
export interface RingEngine {
  /** Afterwards every folder holds the checkpoint of the epoch's end, and what grafting made of it. */
  epoch(work: EpochWork, watching: TrainingWatch): Promise<void>;
  close(): Promise<void>;
}

/** Whoever carries out jobs of training that do not hang on one another. */
export interface Trainers {
  /** Throws what the first that failed threw. */
  run(
    jobs: readonly TrainingJob[],
    watching: {
      readonly signal?: AbortSignal | undefined;
      onStep?(job: number, progress: StepProgress): void;
    },
  ): Promise<void>;
  close(): Promise<void>;
}

/** All that a ring works on. */
export interface RingNetworks {
  /** The jobs of all networks, but for the epoch to train to. */
  readonly members: readonly Omit<TrainingJob, 'until'>[];
  readonly network: Graph;
  readonly layers: readonly GraftLayer[];
  readonly stepsPerEpoch: number;
  readonly settings: GraftSettings;
  readonly calibration: Calibration;
  readonly executor: Executor;
}

/** Trains by trainers of this machine, and grafts in this process. */
export function localEngine(ring: RingNetworks, trainers: Trainers): RingEngine {
  const { members, stepsPerEpoch } = ring;
  return {
    async epoch({ epoch, behind, grafts }, { signal, onStep }) {
      const jobs = behind.map((i) => ({ ...members[i]!, until: epoch }));
      if (jobs.length > 0)
        await trainers.run(jobs, { signal, onStep: (job, progress) => onStep?.(behind[job]!, progress) });
      const folders = members.map(({ folder }) => folder);
      if (grafts) await graftEpoch({ ...ring, folders, epoch, step: epoch * stepsPerEpoch });
    },
    close: () => trainers.close(),
  };
}
