import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openData } from '../../src/commands/data-flags.ts';
import type { Fitting } from '../../src/data/image-folder/fits.ts';
import type { ImageSource } from '../../src/data/image-source.ts';
import { loadPreprocessing, PREPROCESSING_KEY, storePreprocessing } from '../../src/data/preprocessing.ts';
import { resolvePreprocessing } from '../../src/measure/resolve-preprocessing.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RED = { r: 200, g: 10, b: 30 };
const BLUE = { r: 20, g: 40, b: 210 };
const SIZE = 16;
const preprocessing = { height: SIZE, width: SIZE, mean: [0, 0, 0], std: [1, 1, 1] };

/** A picture twice as wide as high: red on the left, blue on the right. */
async function widePicture(): Promise<string> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'a'));
  const half = { create: { width: 40, height: 40, channels: 3 as const, background: BLUE } };
  await sharp({ create: { width: 80, height: 40, channels: 3, background: RED } })
    .composite([{ input: half, left: 40, top: 0 }])
    .png()
    .toFile(join(folder, 'a', '1.png'));
  return folder;
}

const open = async (folder: string, fitting: Fitting, channels = 3): Promise<ImageSource> => {
  const each = new Array<number>(channels).fill(0);
  const { test: images } = await openData(
    folder,
    { ...preprocessing, mean: each, std: each, ...fitting },
    { purpose: 'evaluate' },
  );
  return images;
};

async function pixels(source: ImageSource): Promise<(x: number, y: number) => number[]> {
  const image = new Uint8Array(source.channels * SIZE * SIZE);
  await source.read(0, image);
  return (x, y) =>
    Array.from({ length: source.channels }, (_, channel) => image[(channel * SIZE + y) * SIZE + x]!);
}

test('letterbox keeps the whole picture, between borders of 114', async () => {
  const at = await pixels(await open(await widePicture(), { fit: 'letterbox' }));
  for (const y of [0, 3, 12, 15]) expect(at(5, y)).toEqual([114, 114, 114]);
  for (const y of [5, 10]) {
    expect(at(0, y)).toEqual([200, 10, 30]);
    expect(at(15, y)).toEqual([20, 40, 210]);
  }
});

test('the border of letterbox can be chosen; it is opaque', async () => {
  const at = await pixels(await open(await widePicture(), { fit: 'letterbox', pad: 7 }, 4));
  expect(at(5, 0)).toEqual([7, 7, 7, 255]);
  expect(at(5, 8)).toEqual([200, 10, 30, 255]);
});

test('letterbox takes grey pictures', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'a'));
  const grey = {
    create: { width: 10, height: 40, channels: 3 as const, background: { r: 90, g: 90, b: 90 } },
  };
  await sharp(grey)
    .toColourspace('b-w')
    .png()
    .toFile(join(folder, 'a', '1.png'));
  const at = await pixels(await open(folder, { fit: 'letterbox' }));
  expect([at(0, 8), at(8, 8)]).toEqual([
    [114, 114, 114],
    [90, 90, 90],
  ]);
});

test('stretch fills the size with the whole picture, crop with its centre', async () => {
  const folder = await widePicture();
  const stretched = await pixels(await open(folder, { fit: 'stretch' }));
  for (const y of [0, 15]) {
    expect(stretched(0, y)).toEqual([200, 10, 30]);
    expect(stretched(6, y)).toEqual([200, 10, 30]);
    expect(stretched(9, y)).toEqual([20, 40, 210]);
  }
  const [byDefault, cropped] = [
    await pixels(await open(folder, {})),
    await pixels(await open(folder, { fit: 'crop' })),
  ];
  for (let x = 0; x < SIZE; x++) expect(cropped(x, 0)).toEqual(byDefault(x, 0));
  expect(cropped(0, 0)).toEqual([200, 10, 30]);
});

test('a model stores its fit, options override it, and a border without letterbox is refused', () => {
  const graph = plainNetwork();
  const model = { graph, name: 'plain', zooPreprocessing: null };
  const own = { height: 8, width: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  storePreprocessing(graph, { ...own, fit: 'letterbox', pad: 0 });
  expect(loadPreprocessing(graph)).toEqual({ ...own, fit: 'letterbox', pad: 0 });
  expect(resolvePreprocessing(model, {})).toEqual({ ...own, fit: 'letterbox', pad: 0 });
  expect(resolvePreprocessing(model, { pad: 9 })).toEqual({ ...own, fit: 'letterbox', pad: 9 });
  expect(resolvePreprocessing(model, { fit: 'stretch' })).toEqual({ ...own, fit: 'stretch' });
  expect(() => resolvePreprocessing(model, { fit: 'crop', pad: 9 })).toThrow(
    '`pad` needs `fit` letterbox, found crop',
  );
  graph.metadata[PREPROCESSING_KEY] = JSON.stringify({ ...own, fit: 'squash' });
  expect(() => loadPreprocessing(graph)).toThrow('metadata is malformed: fit');
});
