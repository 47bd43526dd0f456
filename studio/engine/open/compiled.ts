import { type CompiledReport, EspalierError } from 'espalier/core';
import { readJson } from './json.ts';
import type { Dropped } from './recognise.ts';

/** A folder that `espalier compile` has written. Plain data. */
export interface CompiledContents {
  readonly name: string;
  readonly report: CompiledReport;
  /** Its files with their bytes, by name. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

/** Reads the report of a compiled folder. Throws `invalid-data` if it is damaged, or another program's. */
export async function openCompiled({ name, files }: Dropped): Promise<CompiledContents> {
  const report = (await readJson(files, 'report.json')) as CompiledReport;
  const isReport = report?.format === 'espalier.compiled' && Array.isArray(report.steps);
  if (!isReport) {
    const message = 'expected the report of a folder that espalier compile has written, found another file';
    throw new EspalierError('invalid-data', message, { where: 'report.json' });
  }
  return { name, report, files: files.map((file) => ({ name: file.name, size: file.size })) };
}
