import { latestCheckpoint, setBrokenAside } from '../training/checkpoint.ts';
import type { RunProgress } from '../training/session.ts';
import type { RingEngine, RingNetworks, RoundWorkTimes, TrainingWatch } from './engine.ts';
import type { Round } from './rounds.ts';

/** How the seconds of a round were spent. */
export interface RoundTimes {
  readonly seconds: number;
  /** Training time of the slowest network. */
  readonly training: number;
  readonly graft: number;
  /** The remaining time: waiting for processes, workers and files, or for networks that are trained one after the other. */
  readonly waiting: number;
}

export interface RingOptions extends TrainingWatch {
  readonly ring: RingNetworks;
  readonly engine: RingEngine;
  readonly rounds: readonly Round[];
  /** Called with each damaged checkpoint, before anything continues from one. */
  onWarning?(line: string): void;
  /** Called after each round that all networks have finished, including the round at which an interrupted run stopped. */
  onRound?(round: Round, times: RoundTimes): void | Promise<void>;
}

/**
 * Trains networks round by round, and grafts each with the one before it at the end of rounds that do so (Meng et al., Filter
 * Grafting, CVPR 2020, arXiv:2001.05868, section 3.2). All state is in the folders of the runs, so that an interrupted run
 * can be resumed at any time.
 */
export async function trainRing(options: RingOptions): Promise<void> {
  const { ring, engine, rounds, onRound, onWarning } = options;
  const folders = ring.members.map(({ folder }) => folder);
  for (const folder of folders) setBrokenAside(folder, (line) => onWarning?.(line));
  const done = () => folders.map((folder) => stepsDone(folder, ring));
  const least = Math.min(...done());
  // The round in which a run was interrupted may not have been grafted.
  for (const round of rounds.filter(({ step }) => step >= least)) {
    const behind = done().flatMap((step, i) => (step < round.step ? [i] : []));
    const started = performance.now();
    const times = await engine.round({ ...round, behind }, options);
    await onRound?.(round, timesOf(times, (performance.now() - started) / 1000));
  }
}

/** Steps that a network has finished; an epoch that is not evaluated yet lacks its last step. */
function stepsDone(folder: string, { stepsPerEpoch }: RingNetworks): number {
  const progress = latestCheckpoint<RunProgress>(folder)?.progress;
  return progress ? progress.epoch * stepsPerEpoch + Math.min(progress.stepInEpoch, stepsPerEpoch - 1) : 0;
}

function timesOf({ training, graft }: RoundWorkTimes, seconds: number): RoundTimes {
  const longest = Math.max(0, ...training);
  return { seconds, training: longest, graft, waiting: Math.max(0, seconds - longest - graft) };
}
