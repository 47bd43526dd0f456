import type { MiddleForm, PreprocessingOptions } from 'espalier/core';
import type { ImageAgreement } from '../engine/images/agreement.ts';
import type { ImagesSummary } from '../engine/images/images.ts';
import type { Layout } from '../engine/look/layout.ts';
import type { Look, ShapesFound } from '../engine/look/look.ts';
import type { MeasureChoice, Measurement } from '../engine/measure/types.ts';
import type { CompiledContents } from '../engine/open/compiled.ts';
import type { RunContents } from '../engine/open/run.ts';
import type { PruneChoice, PruneTables } from '../engine/prune/choice.ts';
import type { Plan } from '../engine/prune/plan.ts';
import type { SessionOptions } from '../engine/session.ts';
import type { FoldChoice } from '../engine/transform/fold.ts';
import type { Int8Choice } from '../engine/transform/int8.ts';
import type { ResidualBlock, ResidualChoice } from '../engine/transform/residuals.ts';
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
  /** What can be chosen for pruning. */
  pruneTables(): Promise<PruneTables>;
  /** What a choice would remove from the current version. */
  planPruning(choice: PruneChoice): Promise<Plan>;
  /** Prunes the current version; with images, recovers it on them. */
  prune(choice: PruneChoice, job: number, report: ReportProgress): Promise<SessionSummary>;
  /** Folds BatchNormalization and more into the convolutions of the current version. */
  fold(choice: FoldChoice, job: number, report: ReportProgress): Promise<SessionSummary>;
  /** The residual connections of the current version, and what removing each costs. */
  residualBlocks(middle: MiddleForm, job: number, report: ReportProgress): Promise<readonly ResidualBlock[]>;
  removeResiduals(choice: ResidualChoice, job: number, report: ReportProgress): Promise<SessionSummary>;
  /** Writes layers with zero stripes in their fastest exact forms, as timed in this browser. */
  deployForms(job: number, report: ReportProgress): Promise<SessionSummary>;
  /** Quantises the current version to 8-bit integers, with ranges observed on the dropped images. */
  quantize(choice: Int8Choice, job: number, report: ReportProgress): Promise<SessionSummary>;
  undo(): Promise<SessionSummary>;
  redo(): Promise<SessionSummary>;
  /** Uses dropped pictures as images of the open network. */
  useImages(
    files: readonly DroppedFile[],
    options: PreprocessingOptions,
    job: number,
    report: ReportProgress,
  ): Promise<ImagesSummary>;
  /** How far a version agrees with the dropped file on the images. */
  agreement(version: number, job: number, report: ReportProgress): Promise<ImageAgreement>;
  /** Measures versions in turns, in onnxruntime-web and compiled. */
  measure(choice: MeasureChoice, job: number, report: ReportProgress): Promise<Measurement>;
  /** The .onnx file of a version. */
  modelFile(version: number): Promise<Uint8Array>;
  /** The compiled folder of a version as a .zip file. */
  compiledFile(version: number, job: number, report: ReportProgress): Promise<Uint8Array>;
  /** The report of a version beside the dropped file, as an HTML page. */
  reportFile(version: number): Promise<string>;
  /** The steps that lead to a version, as a recipe for the command line. */
  recipeFile(version: number): Promise<string>;
  /** Ends a running job, which then rejects with `interrupted`; others continue. */
  cancel(job: number): void;
}
