import { openRunDirectory } from '../training/run-directory.ts';
import { makeRunRecord, type RunRecord } from './run-record.ts';

/** The record in a run directory, without default options. Throws `missing-file` if there is none. */
export function readRunRecord(path: string): RunRecord {
  const run = openRunDirectory(path);
  return makeRunRecord(run.recipe, run.readEvents());
}
