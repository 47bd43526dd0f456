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
  /** Told how the network at a place of the ring is getting on. */
  onStep?(member: number, progress: StepProgress): void;
}

/** A round of a ring, as far as it is still to do. */
export interface RoundWork extends Round {
  /** Networks that have not come through it yet, by their place in the ring. */
  readonly behind: readonly number[];
}

/** Seconds that the parts of a round took, where they were done. */
export interface RoundWorkTimes {
  /** Of each network that was behind. */
  readonly training: readonly number[];
  readonly graft: number;
}

/** Trains and grafts the networks of a ring, round by round: on this machine, or on others. */
export interface RingEngine {
  /** Afterwards every folder holds the checkpoint of the round's end, and what grafting made of it. */
  round(work: RoundWork, watching: TrainingWatch): Promise<RoundWorkTimes>;
  close(): Promise<void>;
}

/** Runs training jobs that are independent of each other. */
export interface Trainers {
  /** The seconds of each; throws what the first that failed threw. */
  run(
    jobs: readonly TrainingJob[],
    watching: {
      readonly signal?: AbortSignal | undefined;
      onStep?(job: number, progress: StepProgress): void;
    },
  ): Promise<number[]>;
  close(): Promise<void>;
}

/** All that a ring works on. */
export interface RingNetworks {
  readonly members: readonly MemberJob[];
  readonly network: Graph;
  readonly layers: readonly GraftLayer[];
  readonly stepsPerEpoch: number;
  readonly settings: GraftSettings;
  /** Images to estimate statistics on; opened where they are needed. */
  readonly calibration: () => Promise<Calibration>;
  readonly executor: Executor;
}

/** Trains by trainers of this machine, and grafts in this process. */
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
