import { latestCheckpoint, setBrokenAside } from '../training/checkpoint.ts';
import type { RunProgress } from '../training/session.ts';
import type { RingEngine, RingNetworks, RoundWorkTimes, TrainingWatch } from './engine.ts';
import type { Round } from './rounds.ts';

/** How the seconds of a round were spent. */
export interface RoundTimes {
  readonly seconds: number;
  /** Of the network that took longest. */
  readonly training: number;
  readonly graft: number;
  /** What is left: for a process or a worker, for files on their way, for networks that come one after the other. */
  readonly waiting: number;
}

export interface RingOptions extends TrainingWatch {
  readonly ring: RingNetworks;
  readonly engine: RingEngine;
  readonly rounds: readonly Round[];
  /** Told of each checkpoint that is broken, before anything is gone on with. */
  onWarning?(line: string): void;
  /** Told of each round once all networks are through it, that at which an interrupted run stood included. */
  onRound?(round: Round, times: RoundTimes): void | Promise<void>;
}

/**
 * Trains networks side by side, round by round, and grafts each with the one before it where a round says so (Meng et al.,
 * Filter Grafting, CVPR 2020, arXiv:2001.05868, section 3.2). All that it knows lies in the folders of the runs, so that it
 * goes on wherever it was interrupted.
 */
export async function trainRing(options: RingOptions): Promise<void> {
  const { ring, engine, rounds, onRound, onWarning } = options;
  const folders = ring.members.map(({ folder }) => folder);
  for (const folder of folders) setBrokenAside(folder, (line) => onWarning?.(line));
  const done = () => folders.map((folder) => stepsDone(folder, ring));
  const least = Math.min(...done());
  // The round at whose end an interrupted run stood may lack its graft.
  for (const round of rounds.filter(({ step }) => step >= least)) {
    const behind = done().flatMap((step, i) => (step < round.step ? [i] : []));
    const started = performance.now();
    const times = await engine.round({ ...round, behind }, options);
    await onRound?.(round, timesOf(times, (performance.now() - started) / 1000));
  }
}

/** Steps that a network has done; an epoch that is not evaluated yet lacks its last. */
function stepsDone(folder: string, { stepsPerEpoch }: RingNetworks): number {
  const progress = latestCheckpoint<RunProgress>(folder)?.progress;
  return progress ? progress.epoch * stepsPerEpoch + Math.min(progress.stepInEpoch, stepsPerEpoch - 1) : 0;
}

function timesOf({ training, graft }: RoundWorkTimes, seconds: number): RoundTimes {
  const longest = Math.max(0, ...training);
  return { seconds, training: longest, graft, waiting: Math.max(0, seconds - longest - graft) };
}
