/** A number of steps that all networks of a ring train for, and the action at its end. */
export interface Round {
  /** The epoch to which it belongs, from 1. */
  readonly epoch: number;
  /** Steps of each network from the start of the run to the end of the round. */
  readonly step: number;
  /** Whether the networks are grafted at its end. */
  readonly grafts: boolean;
}

interface Epochs {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** One round per epoch, each but the last with a graft at its end if `grafts`. */
export const graftRounds = ({ epochs, stepsPerEpoch }: Epochs, grafts: boolean): Round[] =>
  Array.from({ length: epochs }, (_, i) => ({
    epoch: i + 1,
    step: (i + 1) * stepsPerEpoch,
    grafts: grafts && i + 1 < epochs,
  }));

/** Rounds of `every` steps, each with an average at its end; an epoch also ends with one. */
export const averagingRounds = ({ epochs, stepsPerEpoch }: Epochs, every: number): Round[] =>
  Array.from({ length: epochs }, (_, i): Round[] =>
    Array.from({ length: Math.ceil(stepsPerEpoch / every) }, (_, k) => ({
      epoch: i + 1,
      step: i * stepsPerEpoch + Math.min((k + 1) * every, stepsPerEpoch),
      grafts: true,
    })),
  ).flat();
