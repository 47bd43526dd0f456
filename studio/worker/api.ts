import type { Layout } from '../engine/look/layout.ts';
import type { Look, ShapesFound } from '../engine/look/look.ts';
import type { CompiledContents } from '../engine/open/compiled.ts';
import type { RunContents } from '../engine/open/run.ts';
import type { SessionOptions } from '../engine/session.ts';
import type { Progress, SessionSummary } from '../engine/types.ts';

/** A dropped file, which the worker reads on demand. */
export interface DroppedFile {
  /** The path within the dropped folder; a bare name if no folder was dropped. */
  readonly name: string;
  readonly file: File;
}

/** What is open. */
export type Opened =
  | { readonly kind: 'network'; readonly session: SessionSummary }
  | { readonly kind: 'compiled'; readonly contents: CompiledContents }
  | { readonly kind: 'run'; readonly contents: RunContents };

/** A callback of the page, passed with comlink's `proxy`. */
export type ReportProgress = (progress: Progress) => void;

/**
 * What the page can ask of the worker. Arguments and results are plain data: graphs and tensors stay in the worker, and a
 * version is named by its id. Long operations end with the number of their job, with which they can be cancelled, and a
 * callback for their progress.
 */
export interface StudioApi {
  /** Opens what was dropped on the page, in place of what was open before. */
  open(
    files: readonly DroppedFile[],
    options: SessionOptions,
    job: number,
    report: ReportProgress,
  ): Promise<Opened>;
  /** What a version is. */
  look(version: number): Promise<Look>;
  /** Where the nodes and edges of a version's drawing lie. */
  layout(version: number): Promise<Layout>;
  /** The shapes of a version's filters. */
  shapes(version: number): Promise<ShapesFound>;
  /** Ends a running job, which then rejects with `interrupted`; others continue. */
  cancel(job: number): void;
}
