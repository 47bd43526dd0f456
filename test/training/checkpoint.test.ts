import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { floats, int64s } from '../../src/numeric/tensor.ts';
import {
  latestCheckpoint,
  readCheckpoint,
  saveCheckpoint,
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

it('keeps the two newest and falls back where the newest is broken', () => {
  for (const step of [5, 10, 100]) saveCheckpoint(directory, step, { ...moment, progress: { step } });
  expect(readdirSync(directory).sort()).toEqual(['checkpoint.10.safetensors', 'checkpoint.100.safetensors']);
  truncateSync(join(directory, 'checkpoint.100.safetensors'), 50);
  expect(latestCheckpoint(directory)?.progress).toEqual({ step: 10 });
  truncateSync(join(directory, 'checkpoint.10.safetensors'), 50);
  expect(() => latestCheckpoint(directory)).toThrow('checkpoint.100.safetensors: broken checkpoint');
});

it('finds nothing in an empty folder', () => {
  expect(latestCheckpoint(directory)).toBeNull();
});
