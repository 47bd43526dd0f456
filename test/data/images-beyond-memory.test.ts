import { expect, it } from 'vitest';
import { openBatches } from '../../src/data/batches.ts';

const settings = {
  seed: 0,
  shuffle: false,
  dropLast: false,
  augmentation: 'none',
} as const;

const preprocessingFor = (size: number) => ({
  mean: [0, 0, 0],
  std: [1, 1, 1],
  height: size,
  width: size,
});

const source = (size: number) => ({
  name: 'images',
  count: 8,
  channels: 3,
  height: size,
  width: size,
  labels: new Int32Array(8),
  classes: ['a'],
  read: () => Promise.reject(new Error('nothing is read')),
});

it.each([
  [100_000, 1],
  [5_000, 4],
])('refuses %i × %i pixels in batches of %i before anything is allocated', (size, batch) => {
  const prepare = () =>
    openBatches(source(size), { ...settings, batch, preprocessing: preprocessingFor(size) });
  expect(prepare).toThrow(/^images: \d+ images? of \[3, \d+, \d+\] would need .*smaller size or batch/);
});

it('counts the images that there are', () => {
  expect(() =>
    openBatches(source(100), { ...settings, batch: 1e6, preprocessing: preprocessingFor(100) }),
  ).not.toThrow();
});
