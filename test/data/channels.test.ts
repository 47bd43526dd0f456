import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openBatches } from '../../src/data/batches.ts';
import { withChannels } from '../../src/data/channels.ts';
import { openDataSet } from '../../src/data/data-sets.ts';
import type { ImageSource } from '../../src/data/image-source.ts';
import { sourceAt } from '../../src/data/origin.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SIZE = 8;

/** A folder with one image a file: colour, with alpha, grey, grey with alpha. */
async function folder(): Promise<string> {
  const root = temporaryFolder();
  mkdirSync(join(root, 'a'));
  const square = { width: SIZE, height: SIZE };
  const colour = { r: 200, g: 10, b: 30 };
  const path = (name: string) => join(root, 'a', `${name}.png`);
  await sharp({ create: { ...square, channels: 3, background: colour } }).toFile(path('1'));
  await sharp({ create: { ...square, channels: 4, background: { ...colour, alpha: 0.6 } } }).toFile(
    path('2'),
  );
  const grey = new Uint8Array(SIZE * SIZE).fill(77);
  await sharp(grey, { raw: { ...square, channels: 1 } })
    .toColourspace('b-w')
    .toFile(path('3'));
  const both = Uint8Array.from({ length: 2 * SIZE * SIZE }, (_, i) => (i % 2 === 0 ? 77 : 51));
  await sharp(both, { raw: { ...square, channels: 2 } })
    .toColourspace('b-w')
    .toFile(path('4'));
  return root;
}

/** The first pixel of an image. */
async function pixel(source: ImageSource, index: number): Promise<number[]> {
  const plane = source.height * source.width;
  const image = new Uint8Array(source.channels * plane);
  await source.read(index, image);
  return Array.from({ length: source.channels }, (_, channel) => image[channel * plane]!);
}

describe('images of as many channels as a network takes', () => {
  test.each([
    // 0.299 · 200 + 0.587 · 10 + 0.114 · 30 = 69.09
    [1, [[69], [69], [77], [77]]],
    [
      3,
      [
        [200, 10, 30],
        [200, 10, 30],
        [77, 77, 77],
        [77, 77, 77],
      ],
    ],
    [
      4,
      [
        [200, 10, 30, 255],
        [200, 10, 30, 153],
        [77, 77, 77, 255],
        [77, 77, 77, 51],
      ],
    ],
  ] as const)('%i, from files', async (channels, expected) => {
    const size = { height: SIZE, width: SIZE };
    const { test: images } = await openDataSet(await folder(), { purpose: 'evaluate', channels, ...size });
    expect(images.channels).toBe(channels);
    for (const [i, wanted] of expected.entries()) {
      const found = await pixel(images, i);
      // Colours under alpha are multiplied with it while images are resized.
      for (const [k, value] of wanted.entries()) expect(Math.abs(found[k]! - value)).toBeLessThanOrEqual(2);
    }
  });

  test('from memory, and in another thread', async () => {
    const grey = Uint8Array.from({ length: 2 * 4 }, (_, i) => 10 * i);
    const description = {
      name: 'grey',
      channels: 1,
      height: 2,
      width: 2,
      labels: Int32Array.of(0, 1),
      classes: ['a', 'b'],
    };
    const source = sourceAt({ kind: 'memory', pixels: grey }, description);
    const [same, colours, opaque] = [1, 3, 4].map((channels) => withChannels(source, channels));
    expect(same).toBe(source);
    expect(await pixel(colours!, 1)).toEqual([40, 40, 40]);
    expect(await pixel(opaque!, 1)).toEqual([40, 40, 40, 255]);
    expect(await pixel(withChannels(opaque!, 1), 1)).toEqual([40]);
    const preprocessing = { height: 2, width: 2, mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };
    const settings = {
      batch: 2,
      preprocessing,
      seed: 1,
      augmentation: 'none',
      shuffle: false,
      dropLast: false,
    } as const;
    for (const workers of [0, 1] as const) {
      const batches = openBatches(colours!, { ...settings, workers });
      for await (const { images } of batches.epoch(0)) {
        const rounded = Array.from(images, Math.round);
        expect(rounded.slice(0, 12)).toEqual([0, 10, 20, 30, 0, 10, 20, 30, 0, 10, 20, 30]);
      }
      await batches.close();
    }
  });

  test('images of 2 or 5 channels there are none', async () => {
    const root = await folder();
    for (const channels of [2, 5])
      await expect(openDataSet(root, { purpose: 'evaluate', channels })).rejects.toThrow(
        `expected images of 1, 3 or 4 channels, found ${channels}`,
      );
  });
});
