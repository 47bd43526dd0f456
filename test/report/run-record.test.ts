import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRunRecord, readRunRecord } from '../../src/report/index.ts';
import { createRunDirectory } from '../../src/training/run-directory.ts';
import { events, recipe } from '../support/run-record.ts';

describe('run records', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'espalier-report-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads what a run has written, up to a line cut off by a crash', () => {
    const path = join(folder, 'run');
    const run = createRunDirectory(path, recipe);
    for (const event of events()) run.record(event);
    appendFileSync(join(path, 'events.jsonl'), '{"type":"epoch","epoch":9,"lo');
    const record = readRunRecord(path);
    expect(record.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(record.shapes).toHaveLength(19);
    expect(record.result?.after.top1).toBe(0.9021);
    expect(record.recipe).toEqual(recipe);
  });

  it('passes over events that it does not know or that are malformed', () => {
    const record = makeRunRecord(recipe, [
      { type: 'epoch', epoch: 1, loss: null },
      { type: 'weather', rain: true },
      { type: 'shapes', shapes: [{ layer: 'a', kernel: [3], filters: 1, masks: [1] }] },
      { type: 'epoch', epoch: 2, loss: 0.5 },
      { type: 'epoch', epoch: 2, loss: 0.4 },
    ]);
    expect(record.epochs).toMatchObject([{ epoch: 2, loss: 0.4 }]);
    expect(record.shapes).toEqual([]);
  });

  it('says so where there is no run', () => {
    expect(() => readRunRecord(join(folder, 'nothing'))).toThrow(
      /nothing: contains no run: recipe.json is missing/,
    );
  });
});
