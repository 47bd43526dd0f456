import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { EspalierError } from '../../errors.ts';
import { readJson } from '../../files.ts';
import type { CompiledFolder } from '../../measure/prepared-model.ts';
import { REPORT_FILE } from './files.ts';
import { REPORT_FORMAT } from './report.ts';

const sizes = v.array(v.pipe(v.number(), v.integer(), v.minValue(1)));
const report = v.object({
  format: v.literal(REPORT_FORMAT),
  inputs: v.pipe(v.array(v.object({ name: v.string(), shape: sizes })), v.minLength(1)),
  macs: v.number(),
});

/** A compiled folder, and what its network costs. */
export interface MeasuredFolder extends CompiledFolder {
  /** MACs of non-zero weights, per image. */
  readonly macs: number;
  /** Bytes that a browser downloads: script, module and weights. */
  readonly bytes: number;
}

const downloaded = ['model.js', 'model-relaxed.wasm', 'model.bin'];

/**
 * Reads the report of a compiled folder. Throws `usage` if `espalier compile` did not write the folder, or a file is missing.
 */
export function readCompiledFolder(folder: string): MeasuredFolder {
  const refuse = (found: string) =>
    new EspalierError('usage', `expected a folder that espalier compile has written, found ${found}`, {
      where: folder,
    });
  const bytes = [REPORT_FILE, ...downloaded].map((name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (!found?.isFile()) throw refuse(`no ${name}`);
    return name === REPORT_FILE ? 0 : found.size;
  });
  const read = v.safeParse(report, readJson(join(folder, REPORT_FILE)));
  if (!read.success) throw refuse(`another ${REPORT_FILE}`);
  const { inputs, macs } = read.output;
  return {
    folder,
    inputs,
    macs: macs / (inputs[0]!.shape[0] ?? 1),
    bytes: bytes.reduce((sum, size) => sum + size, 0),
  };
}
