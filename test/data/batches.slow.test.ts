import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AugmentedImage } from '../../src/data/augmentations/augmentation.ts';
import { type Batch, type BatchOptions, openBatches } from '../../src/data/batches.ts';
import { openDataSet } from '../../src/data/data-sets.ts';
import type { ImageSource } from '../../src/data/image-source.ts';
import { sourceAt } from '../../src/data/origin.ts';
import { limitSource } from '../../src/data/subset.ts';
import { random } from '../../src/numeric/random.ts';
import { syntheticImages } from '../support/synthetic-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const COUNT = 50;
const size = { channels: 2, height: 6, width: 5 };
const preprocessing = { height: 6, width: 5, mean: [0, 0.5], std: [1 / 255, 0.25] };
const plain: BatchOptions = {
  ...{ batch: 8, preprocessing, seed: 3, augmentation: 'none', shuffle: false, dropLast: false, workers: 0 },
};
const augmented: BatchOptions = { ...plain, augmentation: 'pad-crop-flip', shuffle: true };

/** Noise whose first pixel, and label, is the image's index. */
function numbered(count = COUNT): ImageSource {
  const draw = random(9);
  const pixels = new Uint8Array(new SharedArrayBuffer(count * 60));
  for (let i = 0; i < pixels.length; i++) pixels[i] = i % 60 === 0 ? i / 60 : draw.integer(256);
  const labels = Int32Array.from({ length: count }, (_, i) => i);
  return sourceAt({ kind: 'memory', pixels }, { name: 'numbered', ...size, labels, classes: [] });
}

function open(source: ImageSource, options: BatchOptions) {
  const stream = openBatches(source, options);
  onTestFinished(() => stream.close());
  return stream;
}

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

const labelsOf = (batches: Batch[]) => batches.flatMap(({ labels }) => Array.from(labels, Number));

describe('an epoch', () => {
  test('without shuffling has the images in order, normalised, the last batch short', async () => {
    const source = numbered();
    const stream = open(source, plain);
    const batches = await collect(stream.epoch(0));
    expect(stream.steps).toBe(7);
    expect(batches.map(({ step, count }) => [step, count]).slice(-2)).toEqual([
      [5, 8],
      [6, 2],
    ]);
    expect(batches.at(-1)!.images.length).toBe(2 * 60);
    expect(labelsOf(batches)).toEqual(Array.from({ length: COUNT }, (_, i) => i));
    // Channel 0 passes 8-bit values through (mean 0, std 1/255), so that the first pixel is the index.
    for (const { images, labels } of batches)
      labels.forEach((label, i) => expect(images[i * 60]).toBeCloseTo(Number(label), 4));
    const image = new Uint8Array(60);
    await source.read(13, image);
    expect(batches[1]!.images[5 * 60 + 47]).toBeCloseTo((image[47]! / 255 - 0.5) * 4, 5);
  });

  test('with shuffling has each image once, in an order of its own', async () => {
    const stream = open(numbered(), { ...plain, shuffle: true });
    const [first, second] = [
      labelsOf(await collect(stream.epoch(0))),
      labelsOf(await collect(stream.epoch(1))),
    ];
    const sorted = (labels: number[]) => [...labels].sort((a, b) => a - b);
    expect(sorted(first)).toEqual(Array.from({ length: COUNT }, (_, i) => i));
    expect(sorted(second)).toEqual(sorted(first));
    expect(second).not.toEqual(first);
    const otherSeed = open(numbered(), { ...plain, shuffle: true, seed: 4 });
    expect(labelsOf(await collect(otherSeed.epoch(0)))).not.toEqual(first);
  });

  test('augments an image differently in another epoch', async () => {
    const stream = open(numbered(), { ...augmented, shuffle: false });
    const [first, second] = [await collect(stream.epoch(0)), await collect(stream.epoch(1))];
    expect(labelsOf(second)).toEqual(labelsOf(first));
    expect(second[0]!.images).not.toEqual(first[0]!.images);
  });

  test('can leave out the last short batch', async () => {
    const stream = open(numbered(), { ...plain, dropLast: true });
    expect((await collect(stream.epoch(0))).map(({ count }) => count)).toEqual([8, 8, 8, 8, 8, 8]);
    expect(stream.steps).toBe(6);
  });

  test.each([0, 1] as const)('goes on from any step as if never stopped (%i workers)', async (workers) => {
    const whole = await collect(open(numbered(), augmented).epoch(2));
    const stream = open(numbered(), { ...augmented, workers });
    expect(await collect(stream.epoch(2, 4))).toEqual(whole.slice(4));
    expect(await collect(stream.epoch(2, 7))).toEqual([]);
  });

  test('takes an augmentation of the caller', async () => {
    const invert = {
      name: 'invert',
      apply: ({ image, target }: AugmentedImage) => target.set(image.map((x) => 255 - x)),
    };
    const [batch] = await collect(open(numbered(), { ...plain, workers: 1, augmentation: invert }).epoch(0));
    expect(batch!.images[3 * 60]).toBeCloseTo(252, 4);
  });

  test('takes a source that no thread can open', async () => {
    const source = syntheticImages({ count: 10, size: 4, channels: 1, classes: 2, seed: 1 });
    const options = {
      ...plain,
      workers: 1 as const,
      preprocessing: { height: 4, width: 4, mean: [0], std: [1] },
    };
    expect(labelsOf(await collect(open(source, options).epoch(0)))).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  });
});

describe('a worker', () => {
  test('gives the same batches, bit for bit, over epochs and subsets', async () => {
    const source = limitSource(numbered(), 41, 1);
    const own = open(source, augmented);
    const threaded = open(source, { ...augmented, workers: 1 });
    for (const epoch of [0, 1, 5])
      expect(await collect(threaded.epoch(epoch))).toEqual(await collect(own.epoch(epoch)));
  });

  test('serves two epochs at once, and later epochs after one that was left', async () => {
    const own = open(numbered(), augmented);
    const threaded = open(numbered(), { ...augmented, workers: 1 });
    for await (const batch of threaded.epoch(0)) if (batch.step === 1) break;
    const both = await Promise.all([collect(threaded.epoch(0)), collect(threaded.epoch(1))]);
    expect(both).toEqual([await collect(own.epoch(0)), await collect(own.epoch(1))]);
  });

  test('ends when an epoch is left early or the stream is closed', async () => {
    const before = workerCount();
    const stream = open(numbered(), { ...augmented, workers: 1 });
    for await (const _ of stream.epoch(0)) {
      expect(workerCount()).toBe(before + 1);
      break;
    }
    expect(workerCount()).toBe(before);
    const rest = stream.epoch(0)[Symbol.asyncIterator]();
    await rest.next();
    await stream.close();
    expect(workerCount()).toBe(before);
    const drain = async () => {
      while (!(await rest.next()).done);
    };
    await expect(drain()).rejects.toMatchObject({ code: 'interrupted' });
  });

  test.each([0, 1] as const)('names an image that cannot be decoded (%i workers)', async (workers) => {
    const root = temporaryFolder();
    const path = join(root, 'a', 'odd.jpg');
    mkdirSync(join(root, 'a'));
    writeFileSync(path, 'not an image');
    const { test: source } = await openDataSet(root, { height: 6, width: 5, purpose: 'evaluate' });
    const threeChannels = { height: 6, width: 5, mean: [0, 0, 0], std: [1, 1, 1] };
    const stream = open(source, { ...plain, preprocessing: threeChannels, workers });
    const error = await collect(stream.epoch(0)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'EspalierError', code: 'invalid-data', where: path });
    expect((error as Error).message.split(path).length).toBe(2);
  });
});

describe('refusals', () => {
  test.each([
    [
      'another size',
      { preprocessing: { ...preprocessing, height: 7 } },
      'expected images of 2×7×5, found 2×6×5',
    ],
    [
      'other channels',
      { preprocessing: { ...preprocessing, mean: [0], std: [1] } },
      'expected images of 1×6×5',
    ],
    ['no batch', { batch: 0 }, 'expected a batch of at least 1 image, found 0'],
    ['no full batch', { batch: 64, dropLast: true }, 'expected at least 64 images, one batch, found 50'],
  ])('%s', (_, change, message) => {
    expect(() => openBatches(numbered(), { ...plain, ...change })).toThrow(`numbered: ${message}`);
  });
});

/** Worker threads of this process that are alive. */
function workerCount(): number {
  return (process.report.getReport() as unknown as { workers: unknown[] }).workers.length;
}
