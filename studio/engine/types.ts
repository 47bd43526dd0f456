import type { Costs, Executor, Graph, ImageSize, NetworkForms, Recipe, UnitOutcome } from 'espalier/core';

/** A dropped file; the name is its path within the dropped folder. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How far a long operation is. Plain data: it crosses from the worker to the page. */
export interface Progress {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** null until it can be estimated. */
  readonly secondsLeft: number | null;
}

/** How a long operation is followed and cancelled. */
export interface Control {
  readonly signal?: AbortSignal;
  progress?(progress: Progress): void;
}

/** What the engine needs of its surroundings. */
export interface EngineTools {
  readonly executor: Executor;
  /** Milliseconds, for the time that is left. */
  now(): number;
  /** What a report states about the machine. */
  readonly surroundings: Pick<Recipe, 'machine' | 'versions'>;
}

/** The value of an option of a command, as in a recipe. */
export type OptionValue = string | number | boolean | readonly (string | number)[];

/** How a version was made: the command, its options as in a recipe, and its outcome. Plain data. */
export interface Step {
  /** A command of the command line, such as `prune`. */
  readonly do: string;
  readonly options: Readonly<Record<string, OptionValue>>;
  /** The largest error against the version before, relative to its largest output; null if it was not compared. */
  readonly error: number | null;
  /** The outcome in words, one sentence each. */
  readonly remarks: readonly string[];
  /** What was left alone, and why. */
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
  /** Widths of coupled layers before and after pruning; empty for other steps. */
  readonly groups: readonly UnitOutcome[];
}

/** A network that an operation has made of a version. */
export interface Made {
  readonly title: string;
  /** In the element types of its file. */
  readonly network: Graph;
  readonly step: Step;
}

/** A network of a session: the dropped file, or what an operation made of another version. */
export interface Version {
  /** 0 is the dropped file. Numbers of versions that were undone are not used again. */
  readonly id: number;
  readonly title: string;
  /** As in its file. */
  readonly network: Graph;
  readonly forms: NetworkForms;
  /** Of the canonical form; bytes are those of the file. */
  readonly costs: Costs;
  /** Height and width for costs, if the network leaves them open. */
  readonly size: ImageSize | undefined;
  /** null for the dropped file. */
  readonly step: Step | null;
  /** The .onnx file; for the dropped file, the bytes that were dropped. */
  bytes(): Uint8Array;
}

/** What the page shows of a version. Plain data. */
export interface VersionSummary {
  readonly id: number;
  readonly title: string;
  readonly macs: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly step: Step | null;
}

/** What the page shows of a session. Plain data. */
export interface SessionSummary {
  /** The name of the dropped file, without folder and ending. */
  readonly name: string;
  /** Oldest first; versions after the current one were undone and can be redone. */
  readonly versions: readonly VersionSummary[];
  /** The id of the current version. */
  readonly current: number;
  /** Differences between the file and the form that operations work on. */
  readonly notes: readonly string[];
}
