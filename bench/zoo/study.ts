import type { ZooOptions } from './options.ts';

/** A network, and why it does not count; null where it does. */
export interface StudyRow {
  readonly network: string;
  readonly failed: string | null;
}

/** Something that is done to every network of the zoo, and how results are shown. */
export interface Study {
  /** A program beside this file that prints a line of JSON; its first argument is an ONNX file. */
  readonly script: string;
  /** More arguments. */
  args(options: ZooOptions): readonly string[];
  rowOf(network: string, found: Record<string, unknown>): StudyRow;
  text(rows: readonly StudyRow[], options: ZooOptions): string;
  /** What `--json` prints. */
  document(rows: readonly StudyRow[]): unknown;
}
