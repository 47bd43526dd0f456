import type { Calibration } from '../calibration/calibration.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor } from '../runtime/executor.ts';
import type { StepProgress } from '../training/options.ts';
import { type GraftSettings, graftEpoch } from './graft-epoch.ts';
import type { GraftLayer } from './layers.ts';
import type { Round } from './rounds.ts';
import type { MemberJob, TrainingJob } from './training-job.ts';

export interface TrainingWatch {
  readonly signal?: AbortSignal | undefined;
  /** Called with the progress of a network, by its index in the ring. */
  onStep?(member: number, progress: StepProgress): void;
}

/** A round of a ring, with the networks that still have to run it. */
export interface RoundWork extends Round {
  /** Indices of the networks that have not finished the round. */
  readonly behind: readonly number[];
}

/** Seconds that the parts of a round took. */
export interface RoundWorkTimes {
  /** For each network of `behind`. */
  readonly training: readonly number[];
  readonly graft: number;
}

/** Trains and grafts the networks of a ring, round by round, on this machine or on others. */
export interface RingEngine {
  /** Runs a round. Afterwards every folder contains the checkpoint of the round's end, and the grafted one. */
  round(work: RoundWork, watching: TrainingWatch): Promise<RoundWorkTimes>;
  close(): Promise<void>;
}

/** Runs independent training jobs. */
export interface Trainers {
  /** Runs jobs and returns the seconds of each. Throws the error of the first that failed. */
  run(
    jobs: readonly TrainingJob[],
    watching: {
      readonly signal?: AbortSignal | undefined;
      onStep?(job: number, progress: StepProgress): void;
    },
  ): Promise<number[]>;
  close(): Promise<void>;
}

/** The state of a ring. */
export interface RingNetworks {
  readonly members: readonly MemberJob[];
  readonly network: Graph;
  readonly layers: readonly GraftLayer[];
  readonly stepsPerEpoch: number;
  readonly settings: GraftSettings;
  /** Images for estimating statistics; opened on demand. */
  readonly calibration: () => Promise<Calibration>;
  readonly executor: Executor;
}

/** Trains with trainers on this machine, and grafts in this process. */
export function localEngine(ring: RingNetworks, trainers: Trainers): RingEngine {
  const { members } = ring;
  return {
    async round({ epoch, step, behind, grafts }, { signal, onStep }) {
      const jobs = behind.map((i) => ({ ...members[i]!, untilStep: step }));
      const watching = {
        signal,
        onStep: (job: number, progress: StepProgress) => onStep?.(behind[job]!, progress),
      };
      const training = jobs.length === 0 ? [] : await trainers.run(jobs, watching);
      const started = performance.now();
      const folders = members.map(({ folder }) => folder);
      if (grafts) await graftEpoch({ ...ring, folders, epoch, step });
      return { training, graft: (performance.now() - started) / 1000 };
    },
    close: () => trainers.close(),
  };
}
