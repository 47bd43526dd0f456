import { EspalierError, makeRunRecord, type Recipe, type RunEvent, type RunRecord } from 'espalier/core';
import type { NamedFile } from '../types.ts';
import { parseJson, readJson, readText } from './json.ts';
import type { Dropped } from './recognise.ts';

/** The record of a run. Plain data. */
export interface RunContents {
  readonly name: string;
  readonly record: RunRecord;
  /** The networks in the folder. */
  readonly models: readonly NamedFile['name'][];
}

/** Reads the record of a run. Throws `invalid-data` if it is damaged; an incomplete last line is ignored. */
export async function openRun({ name, files }: Dropped): Promise<RunContents> {
  const recipe = (await readJson(files, 'recipe.json')) as Recipe;
  if (typeof recipe?.command !== 'string') {
    throw new EspalierError('invalid-data', 'expected a command, found none', { where: 'recipe.json' });
  }
  const lines = (await readText(files, 'events.jsonl')).split('\n');
  // The last line is only complete once its line break is written.
  const events = lines
    .slice(0, -1)
    .map((line, i) => parseJson(line, `events.jsonl, line ${i + 1}`) as RunEvent);
  const models = files.map((file) => file.name).filter((file) => file.endsWith('.onnx'));
  return { name, record: makeRunRecord(recipe, events), models };
}
