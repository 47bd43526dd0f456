import type { RunRecord } from '../report/run-record.ts';

/** What a run does: `stopped` runs can be resumed, `failed` ones have a problem. */
export type RunState = 'running' | 'finished' | 'stopped' | 'failed';

/** A step of a recipe run. */
export interface StepSummary {
  readonly name: string;
  readonly state: 'waiting' | 'started' | 'finished';
  /** The command line; null before the step starts. */
  readonly line: string | null;
  /** The output of a finished step. */
  readonly text: string | null;
}

/** A run in the list. */
export interface RunSummary {
  /** The folder of the run, relative to the folder of the studio, with slashes. */
  readonly id: string;
  readonly command: string;
  /** The model; for `run`, the recipe. */
  readonly model: string;
  readonly data: string | null;
  readonly state: RunState;
  /** ISO dates. */
  readonly started: string;
  readonly changed: string;
  /** `of` is null if the run does not have a known number of epochs. */
  readonly epochs: { readonly done: number; readonly of: number | null };
  /** From the last epoch; accuracy is in [0, 1], `macsKept` a fraction. */
  readonly latest: {
    readonly loss: number | null;
    readonly accuracy: number | null;
    readonly macsKept: number | null;
  };
  readonly result: RunRecord['result'];
  /** Of a recipe. */
  readonly steps: readonly StepSummary[];
  /** Whether the page can stop or resume it. A stopping run finishes its current step. */
  readonly action: 'stop' | 'stopping' | 'resume' | null;
  /** Why a run that the page started has failed. */
  readonly problem: string | null;
}

/** A run with its record. */
export interface RunDetails {
  readonly id: string;
  readonly record: RunRecord;
}

/** A recipe that the page can start. */
export interface RecipeSummary {
  readonly name: string;
  readonly description: string;
  readonly steps: readonly string[];
}

/** A request to start a run: a recipe, a new folder, and replaced options (`epochs=1`, `train.epochs=1`). */
export interface StartRequest {
  readonly recipe: string;
  readonly folder: string;
  readonly set: readonly string[];
}
