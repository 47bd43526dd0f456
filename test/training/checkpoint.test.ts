import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { floats, int64s } from '../../src/numeric/tensor.ts';
import { settleBest, stagedBest } from '../../src/training/best.ts';
import {
  isPastGraft,
  keepNewest,
  latestCheckpoint,
  readCheckpoint,
  saveCheckpoint,
  saveGrafted,
  setBrokenAside,
  writeCheckpoint,
} from '../../src/training/checkpoint.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let directory: string;
beforeEach(() => {
  directory = temporaryFolder();
});

const moment = {
  tensors: { w: floats([2, 2], [1, -0, Number.NaN, 1e-40]), n: int64s([7]) },
  progress: { epoch: 3 },
};

it('gives back what was written, bit for bit', () => {
  const path = join(directory, 'a.safetensors');
  writeCheckpoint(path, moment);
  const { tensors, progress } = readCheckpoint(path);
  expect(progress).toEqual({ epoch: 3 });
  expect(tensors.w!.shape).toEqual([2, 2]);
  expect(Buffer.from((tensors.w!.data as Float32Array).slice().buffer)).toEqual(
    Buffer.from((moment.tensors.w.data as Float32Array).buffer),
  );
  expect(tensors.n!.data).toEqual(BigInt64Array.of(7n));
});

it.each([
  ['truncated in the payload', (path: string) => truncateSync(path, readFileSync(path).length - 3)],
  ['truncated in the header', (path: string) => truncateSync(path, 20)],
  ['empty', (path: string) => truncateSync(path, 0)],
  ['altered', (path: string) => writeFileSync(path, flipLastByte(readFileSync(path)))],
  ['another format', (path: string) => writeFileSync(path, 'not a checkpoint at all')],
])('names a file that is %s', (_, damage) => {
  const path = join(directory, 'a.safetensors');
  writeCheckpoint(path, moment);
  damage(path);
  expect(() => readCheckpoint(path)).toThrow(/a\.safetensors: broken checkpoint: [^\n]+$/);
});

function flipLastByte(bytes: Buffer): Buffer {
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}

it('keeps the two newest and says so where the newest is broken', () => {
  for (const step of [5, 10, 100]) saveCheckpoint(directory, step, { ...moment, progress: { step } });
  expect(readdirSync(directory).sort()).toEqual(['checkpoint.10.safetensors', 'checkpoint.100.safetensors']);
  truncateSync(join(directory, 'checkpoint.100.safetensors'), 50);
  expect(() => latestCheckpoint(directory)).toThrow('checkpoint.100.safetensors: broken checkpoint');
  expect(latestCheckpoint(directory, { step: 10 })?.progress).toEqual({ step: 10 });
});

it('finds nothing in an empty folder', () => {
  expect(latestCheckpoint(directory)).toBeNull();
});

it('names a file in which any bit of any byte is another', () => {
  const path = join(directory, 'a.safetensors');
  writeCheckpoint(path, moment);
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 1 << (at % 8);
    writeFileSync(path, bytes);
    expect(() => readCheckpoint(path), `byte ${at}`).toThrow('broken checkpoint');
  }
});

it('sets a broken checkpoint aside by name, and refuses where none is whole', () => {
  for (const step of [5, 10]) saveCheckpoint(directory, step, { ...moment, progress: { step } });
  const newest = join(directory, 'checkpoint.10.safetensors');
  const renamed = readFileSync(newest).toString('latin1').replace('"w":', '"v":');
  writeFileSync(newest, renamed, 'latin1');
  const said: string[] = [];
  setBrokenAside(directory, (line) => said.push(line));
  expect(said.join()).toContain('checkpoint.10.safetensors: broken checkpoint');
  expect(latestCheckpoint(directory)?.progress).toEqual({ step: 5 });
  truncateSync(join(directory, 'checkpoint.5.safetensors'), 50);
  expect(() => setBrokenAside(directory, () => {})).toThrow('no checkpoint is intact');
});

it('knows a run that is past a graft: by what that made, or by something later', () => {
  saveCheckpoint(directory, 4, moment);
  expect(isPastGraft(directory, 4)).toBe(false);
  saveGrafted(directory, 4, moment);
  expect(isPastGraft(directory, 4)).toBe(true);
  saveCheckpoint(directory, 8, moment);
  expect([isPastGraft(directory, 4), isPastGraft(directory, 8)]).toEqual([true, false]);
});

it('keeps what the newest graft was made from, beside the two newest', () => {
  saveCheckpoint(directory, 4, moment);
  saveGrafted(directory, 4, moment);
  for (const step of [5, 6, 7]) saveCheckpoint(directory, step, moment);
  const kept = () =>
    readdirSync(directory)
      .filter((name) => name.startsWith('checkpoint'))
      .sort();
  const names = (...steps: string[]) => steps.map((step) => `checkpoint.${step}.safetensors`);
  expect(kept()).toEqual(names('4.grafted', '4', '6', '7'));
  saveCheckpoint(directory, 8, moment);
  saveGrafted(directory, 8, moment);
  keepNewest(directory);
  expect(kept()).toEqual(names('8.grafted', '8'));
});

it('keeps as best what the state of the run says is best', () => {
  const best = (accuracy: number) => ({ ...moment, progress: { best: accuracy } });
  const kept = () => readCheckpoint<{ best: number }>(join(directory, 'best.safetensors')).progress.best;
  writeCheckpoint(stagedBest(directory), best(0.5));
  settleBest(directory, { best: 0.5 });
  writeCheckpoint(stagedBest(directory), best(0.7));
  settleBest(directory, { best: 0.5 });
  expect(kept()).toBe(0.5);
  expect(existsSync(stagedBest(directory))).toBe(false);
});
