import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../../errors.ts';
import { fileError, readJson, removeStalePartials, writeFilesAtomically } from '../../files.ts';
import type { CompiledHere } from '../compile-here.ts';
import { compiledFiles, REPORT_FILE, threadFiles } from './files.ts';
import { REPORT_FORMAT } from './report.ts';

/**
 * Writes a compiled network into a folder, atomically. A folder that already holds a compiled network is replaced. Throws
 * `usage` if it holds anything else.
 *
 * @example
 * writeCompiled(await compile(readModelFile('model.onnx')), 'compiled');
 */
export function writeCompiled(model: CompiledHere, folder: string): void {
  expectCompiledOrEmpty(folder);
  const files = Object.entries(compiledFiles(model, model.profile));
  const filesIn = (place: string) =>
    files.map(([name, contents]) => ({ path: join(place, name), chunks: [contents] }));
  if (existsSync(folder)) {
    removeStalePartials(folder);
    writeFilesAtomically(filesIn(folder));
    if (!model.network.threaded) for (const name of threadFiles) rmSync(join(folder, name), { force: true });
    return;
  }
  const beside = `${folder}.${process.pid}.partial`;
  try {
    writeFilesAtomically(filesIn(beside));
    renameSync(beside, folder);
  } catch (cause) {
    if (existsSync(beside)) rmSync(beside, { recursive: true });
    throw fileError(cause, folder);
  }
}

/** Throws `usage` if a path is a file, or a folder that holds anything but a compiled network. */
export function expectCompiledOrEmpty(folder: string): void {
  if (!existsSync(folder) || isCompiledFolder(folder)) return;
  const isFolder = statSync(folder).isDirectory();
  if (isFolder && readdirSync(folder).length === 0) return;
  const what = isFolder ? 'a folder with other files' : 'a file';
  const message = `expected a new folder, an empty one or one that espalier compile has written, found ${what}`;
  throw new EspalierError('usage', message, { where: folder });
}

/** Whether a path is a folder that {@link writeCompiled} has written. */
export function isCompiledFolder(path: string): boolean {
  const report = join(path, REPORT_FILE);
  if (!existsSync(report)) return false;
  const found = readJson(report) as { readonly format?: unknown } | null;
  return found?.format === REPORT_FORMAT;
}
