import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fuzz } from '../../bench/fuzz/fuzz.ts';
import { trialsOf } from '../../bench/fuzz/trials.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Inputs of two processes; `npm run bench:fuzz` goes on from there. */
const INPUTS = 2000;

it('mutated files end in a result or one line, in bounded time and memory', {
  timeout: 1_800_000,
}, async () => {
  const folder = join(temporaryFolder(), 'fuzz');
  const found = await fuzz({ seed: 2, from: 0, count: INPUTS, processes: 2, folder });
  expect(found.faults).toEqual([]);
  const commands = Object.entries(found.endings);
  // Each file is given to as many commands, and enough of them are still networks for the commands to come far.
  const ended = commands.flatMap(([, codes]) => Object.values(codes)).reduce((sum, count) => sum + count, 0);
  expect(ended).toBe(trialsOf(0, '12x12').length * INPUTS);
  for (const [command, { ok = 0 }] of commands)
    expect({ command, some: ok > 0 }).toEqual({ command, some: true });
});
