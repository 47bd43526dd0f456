import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Benchmark } from '../../src/measure/latency.ts';
import { temporaryTimings } from '../../src/measure/temporary-timings.ts';
import { rank, type TimedModel, type Timer } from '../../src/measure/timer.ts';
import { openTimings } from '../../src/measure/timings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A timer that reads the time of each model, by its only byte, off a table: a row a turn, the last one again and again. */
function scripted(turns: readonly (readonly number[])[], timings = temporaryTimings()) {
  let turn = 0;
  const timer: Timer = {
    engine: 'test 1',
    threads: 1,
    timings,
    benchmark: async (models) => {
      const row = turns[Math.min(turn++, turns.length - 1)]!;
      const times = models.map((bytes) => ({ minMs: row[(bytes as Uint8Array)[0]!]! }));
      return { models: times, threads: 1, batch: 1, rounds: 1 } as unknown as Benchmark;
    },
  };
  return { timer, turns: () => turn };
}

const model = (index: number, macs = 1, expectedMs?: number): TimedModel => ({
  key: `model ${index}`,
  macs,
  ...(expectedMs !== undefined && { expectedMs }),
  model: () => Uint8Array.of(index),
});

it('ranks by the shortest sample of all turns', async () => {
  const { timer } = scripted([
    [9, 5],
    [4, 6],
    [4, 6],
  ]);
  expect(await rank([model(0), model(1)], timer)).toMatchObject({ ms: [4, 5], best: 0, settled: true });
});

it('of models that tie, the one with the fewest MACs is best', async () => {
  const { timer } = scripted([[10, 10.1, 12]]);
  expect((await rank([model(0, 3), model(1, 2), model(2, 1)], timer)).best).toBe(1);
});

it('what is timed beside is not ranked', async () => {
  const { timer } = scripted([[3, 2, 1]]);
  const ranking = await rank([model(0), model(1)], timer, model(2));
  expect(ranking).toMatchObject({ ms: [3, 2], besideMs: 1, best: 1 });
});

it('measures nothing that it knows: the same key on the same engine, threads, processor', async () => {
  const timings = temporaryTimings();
  await rank([model(0), model(1)], scripted([[3, 2]], timings).timer);
  const again = scripted([[1, 9]], timings);
  expect(await rank([model(1), model(0)], again.timer)).toMatchObject({ ms: [2, 3], best: 0, cached: true });
  expect(again.turns()).toBe(0);
  expect((await rank([model(0), model(1)], { ...again.timer, threads: 2 })).ms).toEqual([1, 9]);
  expect((await rank([model(0), model(1)], { ...again.timer, engine: 'test 2' })).ms).toEqual([1, 9]);
});

it('times known before hold, and new ones are told on their scale: twice as slow a day changes nothing', async () => {
  const timings = temporaryTimings();
  await rank([model(0), model(1)], scripted([[4, 3]], timings).timer);
  const slow = scripted([[8, 7, 5]], timings);
  const ranking = await rank([model(0), model(2)], slow.timer);
  expect(ranking).toMatchObject({ ms: [4, 2.5], best: 1, cached: false });
  expect((await rank([model(1), model(2)], slow.timer)).ms).toEqual([3, 2.5]);
});

it('where times never settle, what was expected decides, and they are not kept', async () => {
  const timings = temporaryTimings();
  const falling = Array.from({ length: 20 }, (_, turn) => [100 / (turn + 1), 90 / (turn + 1)]);
  const busy = scripted(falling, timings);
  expect(await rank([model(0, 1, 1), model(1, 1, 2)], busy.timer)).toMatchObject({ best: 0, settled: false });
  const quiet = scripted([[7, 3]], timings);
  expect(await rank([model(0, 1, 1), model(1, 1, 2)], quiet.timer)).toMatchObject({ best: 1, cached: false });
});

it('timings outlive the process, and those of another process stay', () => {
  const folder = join(temporaryFolder(), 'timings');
  const [ours, theirs] = [openTimings(folder), openTimings(folder)];
  ours.set('a', 1.5);
  theirs.set('b', 2.5);
  ours.save();
  theirs.save();
  expect([openTimings(folder).get('a'), openTimings(folder).get('b')]).toEqual([1.5, 2.5]);
});

it.each(['', '{', '{"a": "quick"}', '{"a": -1}', 'null'])('a damaged file counts as empty: %s', (damaged) => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'timings.json'), damaged);
  const timings = openTimings(folder);
  expect(timings.get('a')).toBeUndefined();
  timings.set('b', 2);
  timings.save();
  expect(Object.values(JSON.parse(readFileSync(join(folder, 'timings.json'), 'utf8')))).toEqual([2]);
});
