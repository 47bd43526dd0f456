import { textTable } from '../../src/report/text-table.ts';
import type { Study, StudyRow } from './study.ts';

/** What became of one network. */
export interface Compiled {
  /** Against onnxruntime, relative to its largest output. */
  readonly error: number;
  readonly steps: number;
  readonly wasmBytes: number;
  readonly memoryBytes: number;
  /** To generate both modules, from a network that was read and folded. */
  readonly compileMs: number;
}

interface Row extends Partial<Compiled>, StudyRow {}

const text = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '' : format(value);
const thousands = (bytes: number) => (bytes / 1e3).toFixed(0);
const millions = (bytes: number) => (bytes / 1e6).toFixed(0);

/** Networks as WebAssembly modules: `--compile`. */
export const compileStudy: Study = {
  script: 'compile.ts',
  args: () => [],
  rowOf: (network, found) => ({ network, failed: null, ...found }),
  text: (rows) => `${table(rows)}\n\n${summary(rows)}`,
  document: (networks) => ({ networks }),
};

const table = (rows: readonly Row[]): string =>
  textTable(rows, [
    { head: 'network', cell: ({ network }) => network },
    { head: 'compiles', cell: ({ failed }) => (failed === null ? 'yes' : 'no') },
    { head: 'error', cell: ({ error }) => text(error, (value) => value.toExponential(1)), align: 'right' },
    { head: 'steps', cell: ({ steps }) => text(steps, String), align: 'right' },
    { head: 'wasm kB', cell: ({ wasmBytes }) => text(wasmBytes, thousands), align: 'right' },
    { head: 'memory MB', cell: ({ memoryBytes }) => text(memoryBytes, millions), align: 'right' },
    { head: 'compile ms', cell: ({ compileMs }) => text(compileMs, (ms) => ms.toFixed(0)), align: 'right' },
    { head: '', cell: ({ failed }) => failed ?? '' },
  ]);

const summary = (rows: readonly Row[]): string =>
  `${rows.filter(({ failed }) => failed === null).length} of ${rows.length} compile and equal onnxruntime`;
