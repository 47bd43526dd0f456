/** A stretch of steps that all networks of a ring go through, and what happens at its end. */
export interface Round {
  /** The epoch that it lies in, from 1. */
  readonly epoch: number;
  /** Steps of each network that are done by its end, since the start of the run. */
  readonly step: number;
  /** Whether the networks are grafted at its end. */
  readonly grafts: boolean;
}

interface Epochs {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** A round an epoch, with a graft at the end of each but the last; or with none. */
export const graftRounds = ({ epochs, stepsPerEpoch }: Epochs, grafts: boolean): Round[] =>
  Array.from({ length: epochs }, (_, i) => ({
    epoch: i + 1,
    step: (i + 1) * stepsPerEpoch,
    grafts: grafts && i + 1 < epochs,
  }));

/** Rounds of `every` steps, each with an average at its end; an epoch ends with one, of the steps that are left. */
export const averagingRounds = ({ epochs, stepsPerEpoch }: Epochs, every: number): Round[] =>
  Array.from({ length: epochs }, (_, i): Round[] =>
    Array.from({ length: Math.ceil(stepsPerEpoch / every) }, (_, k) => ({
      epoch: i + 1,
      step: i * stepsPerEpoch + Math.min((k + 1) * every, stepsPerEpoch),
      grafts: true,
    })),
  ).flat();
