/** Runs a recipe as the command line does, but trains nothing: it records epochs of a made-up run until Ctrl-C. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createRunDirectory, openRunDirectory } from '../../src/training/run-directory.ts';
import { holdRun } from '../../src/training/run-lock.ts';
import { events, recipe } from './run-record.ts';

const folder = process.argv[process.argv.findIndex((word) => /^--(out|resume)$/.test(word)) + 1]!;
process.on('SIGINT', () => process.exit(130));
await holdRun(folder);
const run = existsSync(join(folder, 'recipe.json'))
  ? openRunDirectory(folder)
  : createRunDirectory(folder, recipe);
const first = run.readEvents().length;
for (const epoch of events().slice(first, first + 2)) run.record(epoch);
await setTimeout(600_000);
