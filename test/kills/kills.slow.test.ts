import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killRuns } from '../../bench/kills/kills.ts';
import { writeImageFolder } from '../support/image-folder.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-kills-'));
  await writeImageFolder(join(folder, 'images'), { count: 48, size: 16, classes: 3, seed: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('runs that are killed and resumed end with the bytes of those that nothing stopped', async () => {
  const runs = await killRuns({
    kills: 3,
    seed: 3,
    commands: ['train', 'prune', 'graft'],
    images: join(folder, 'images'),
    folder: join(folder, 'runs'),
    entry: ['--import', 'tsx', main],
  });
  expect(runs.filter(({ verdict }) => verdict !== 'equal')).toEqual([]);
  expect(runs.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(0);
});
