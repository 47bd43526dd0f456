import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  checkSameOptions,
  createRunDirectory,
  makeRecipe,
  openRunDirectory,
} from '../../src/training/run-directory.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const recipe = makeRecipe('train', { epochs: 2, seed: 1 }, { espalier: '0.1.0' });
const empty = () => join(temporaryFolder(), 'run');

it('records events and reads them back, a line cut off by a crash left out', () => {
  const run = createRunDirectory(empty(), recipe);
  run.record({ type: 'epoch', step: 10, loss: 1 });
  run.record({ type: 'epoch', step: 20, loss: 0.5 });
  appendFileSync(join(run.path, 'events.jsonl'), '{"type":"epo');
  const again = openRunDirectory(run.path);
  expect(again.recipe).toEqual(recipe);
  expect(again.readEvents().map(({ step }) => step)).toEqual([10, 20]);
  again.rewind(10);
  again.record({ type: 'epoch', step: 20, loss: 0.4 });
  expect(again.readEvents().map(({ loss }) => loss)).toEqual([1, 0.4]);
});

it('refuses to overwrite a run, to open none, and to resume with other options', () => {
  const run = createRunDirectory(empty(), recipe);
  expect(() => createRunDirectory(run.path, recipe)).toThrow('already contains a run');
  expect(() => openRunDirectory(join(run.path, 'no'))).toThrow('contains no run');
  expect(() => checkSameOptions(run, { epochs: 3, seed: 1 })).toThrow(
    'cannot resume: epochs was 2, now it is 3',
  );
  expect(() => checkSameOptions(run, { epochs: 2 })).toThrow('cannot resume: seed was 1, now it is nothing');
});
