import { expect, it } from 'vitest';
import { batchPreparer } from '../../src/data/batches/prepare.ts';

const settings = {
  preprocessing: { mean: [0, 0, 0], std: [1, 1, 1], height: 1, width: 1 },
  seed: 0,
  shuffle: false,
  dropLast: false,
  augmentation: 'none',
} as const;

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
  const prepare = () => batchPreparer(source(size), { ...settings, batch });
  expect(prepare).toThrow(/^images: \d+ images? of \[3, \d+, \d+\] would take .*smaller size or batch/);
});

it('counts the images that there are', () => {
  expect(() => batchPreparer(source(100), { ...settings, batch: 1e6 })).not.toThrow();
});
