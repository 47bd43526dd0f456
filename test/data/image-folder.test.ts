import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openDataSet } from '../../src/data/data-sets.ts';
import type { ImageSource } from '../../src/data/image-source.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RED = { r: 200, g: 10, b: 30 };
const BLUE = { r: 20, g: 40, b: 210 };

async function solid(path: string, colour = RED, size = 20): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await sharp({ create: { width: size, height: size, channels: 3, background: colour } }).toFile(path);
}

/** Red on the left half, blue on the right. */
function halves(width: number, height: number) {
  const right = { create: { width: width / 2, height, channels: 3 as const, background: BLUE } };
  return sharp({ create: { width, height, channels: 3, background: RED } }).composite([
    { input: right, left: width / 2, top: 0 },
  ]);
}

async function pixel(source: ImageSource, index: number, place: { x: number; y: number }): Promise<number[]> {
  const plane = source.height * source.width;
  const image = new Uint8Array(3 * plane);
  await source.read(index, image);
  return [0, 1, 2].map((channel) => image[channel * plane + place.y * source.width + place.x]!);
}

describe('decoding', () => {
  const open = (root: string) => openDataSet(root, { purpose: 'evaluate' });

  test('crops the centre of 256/224 of the size', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a'));
    const inner = { create: { width: 224, height: 224, channels: 3 as const, background: BLUE } };
    // The crop of a 256×256 image is what a frame of 16 pixels leaves.
    await sharp({ create: { width: 256, height: 256, channels: 3, background: RED } })
      .composite([{ input: inner, left: 16, top: 16 }])
      .png()
      .toFile(join(root, 'a', '1.png'));
    await halves(512, 256)
      .png()
      .toFile(join(root, 'a', '2.png'));
    const { test: images } = await open(root);
    for (const [x, y] of [
      [0, 0],
      [223, 0],
      [0, 223],
      [223, 223],
    ] as const)
      expect(await pixel(images, 0, { x, y })).toEqual([20, 40, 210]);
    expect(await pixel(images, 1, { x: 111, y: 100 })).toEqual([200, 10, 30]);
    expect(await pixel(images, 1, { x: 112, y: 100 })).toEqual([20, 40, 210]);
  });

  test('reads grey, transparent, WebP and turned images, and ignores other files', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a'));
    const at = (name: string) => join(root, 'a', name);
    const flat = {
      create: { width: 30, height: 20, channels: 3 as const, background: { r: 90, g: 90, b: 90 } },
    };
    await sharp(flat).toColourspace('b-w').png().toFile(at('1.png'));
    await sharp(flat).ensureAlpha(0.5).png().toFile(at('2.png'));
    await sharp(flat).webp({ lossless: true }).toFile(at('3.WEBP'));
    // Orientation 6: shown turned clockwise, so that left becomes top.
    await halves(40, 40).withMetadata({ orientation: 6 }).png().toFile(at('4.png'));
    writeFileSync(at('readme.txt'), 'no image');
    const { test: images } = await open(root);
    expect(images.count).toBe(4);
    for (const index of [0, 1, 2])
      for (const value of await pixel(images, index, { x: 5, y: 5 }))
        expect(Math.abs(value - 90)).toBeLessThan(3);
    expect(await pixel(images, 3, { x: 200, y: 10 })).toEqual([200, 10, 30]);
    expect(await pixel(images, 3, { x: 10, y: 200 })).toEqual([20, 40, 210]);
  });

  test('gives the size asked for', async () => {
    const root = temporaryFolder();
    await solid(join(root, 'a', '1.png'));
    const { test: images } = await openDataSet(root, { height: 32, width: 48, purpose: 'evaluate' });
    expect([images.height, images.width]).toEqual([32, 48]);
    expect(await pixel(images, 0, { x: 47, y: 31 })).toEqual([200, 10, 30]);
  });

  test.each([
    ['text', () => Buffer.from('not an image')],
    ['empty', () => Buffer.alloc(0)],
    ['truncated', async () => (await halves(300, 300).jpeg().toBuffer()).subarray(0, 700)],
  ])('a file that is %s is named', async (_, contents) => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a'));
    writeFileSync(join(root, 'a', 'odd.jpg'), await contents());
    const { test: images } = await open(root);
    await expect(pixel(images, 0, { x: 0, y: 0 })).rejects.toMatchObject({
      code: 'invalid-data',
      where: join(root, 'a', 'odd.jpg'),
      message: expect.stringContaining('image cannot be decoded'),
    });
  });
});

describe('layout', () => {
  test('without classes unless a list of labels names its folders', async () => {
    const root = temporaryFolder();
    for (const name of ['train/cat/1.png', 'train/dog/2.png', 'val/dog/3.png']) await solid(join(root, name));
    writeFileSync(join(root, 'labels.txt'), 'ant\ncat\ndog\n');
    writeFileSync(join(root, 'others.txt'), 'ant\nbee\n');
    const labelled = await openDataSet(root, { nested: true, labels: join(root, 'labels.txt') });
    expect([...labelled.train.labels, ...labelled.test.labels]).toEqual([1, 2, 2]);
    for (const labels of [undefined, join(root, 'others.txt')]) {
      const { train, test: tested } = await openDataSet(root, { nested: true, ...(labels && { labels }) });
      expect([train.count, tested.count, train.classes.length]).toEqual([2, 1, 0]);
    }
  });

  test('train and val folders are the splits, labelled by the sorted names in train', async () => {
    const root = temporaryFolder();
    for (const path of ['train/b/1.png', 'train/a/1.png', 'train/a/2.png', 'val/b/1.png', '.git/x/1.png'])
      await solid(join(root, path));
    const { train, test: images } = await openDataSet(root);
    expect(train.classes).toEqual(['a', 'b']);
    expect(Array.from(train.labels)).toEqual([0, 0, 1]);
    expect(Array.from(images.labels)).toEqual([1]);
  });

  test('a test folder with another class is refused', async () => {
    const root = temporaryFolder();
    await solid(join(root, 'train/a/1.png'));
    await solid(join(root, 'test/z/1.png'));
    await expect(openDataSet(root)).rejects.toThrow('folder z is not one of the 1 classes');
  });

  test('one folder is held out from by seed for training, and used whole for evaluation', async () => {
    const root = temporaryFolder();
    for (let i = 0; i < 20; i++)
      await solid(join(root, i % 2 ? 'a' : 'b', `${i}.png`), { r: 10 * i, g: 0, b: 0 });
    const reds = async (source: ImageSource) => {
      const found: number[] = [];
      for (let i = 0; i < source.count; i++) found.push((await pixel(source, i, { x: 0, y: 0 }))[0]! / 10);
      return found;
    };
    const options = { height: 8, width: 8, seed: 3 };
    const { train, test: heldOut } = await openDataSet(root, options);
    expect([train.count, heldOut.count]).toEqual([18, 2]);
    const together = [...(await reds(train)), ...(await reds(heldOut))];
    expect(together.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    const whole = await openDataSet(root, { ...options, purpose: 'evaluate' });
    expect([whole.train.count, whole.test.count]).toEqual([20, 20]);
  });

  test('a labels file gives the labels', async () => {
    const root = temporaryFolder();
    const data = join(root, 'data');
    await solid(join(data, 'n03', '1.png'));
    await solid(join(data, 'n01', '1.png'));
    const labels = join(root, 'labels.txt');
    writeFileSync(labels, 'n00\nn01\r\nn02\nn03\n');
    const { test: images } = await openDataSet(data, { labels, purpose: 'evaluate' });
    expect(Array.from(images.labels)).toEqual([1, 3]);
    expect(images.classes).toEqual(['n00', 'n01', 'n02', 'n03']);
    writeFileSync(labels, 'n00\nn01\n');
    await expect(openDataSet(data, { labels })).rejects.toThrow('folder n03 is not one of the 2 classes');
    writeFileSync(labels, 'n00\nn00\n');
    await expect(openDataSet(data, { labels })).rejects.toThrow(
      'expected one class name per line, found n00 twice',
    );
    await expect(openDataSet(data, { labels: join(root, 'no') })).rejects.toMatchObject({
      code: 'missing-file',
    });
  });

  test('a folder without images is refused', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a'));
    await expect(openDataSet(root)).rejects.toThrow(`${root}: no images found`);
  });
});

const shared = resolve(process.env.ESPALIER_SHARED ?? '../shared', 'data');
describe.skipIf(!existsSync(shared))('photographs', () => {
  test('are labelled by ImageNet class', async () => {
    const labels = join(shared, 'imagenet-wnids.txt');
    const { test: images } = await openDataSet(join(shared, 'imagenette-val-300'), {
      labels,
      purpose: 'evaluate',
    });
    expect(images.count).toBe(300);
    expect([...new Set(images.labels)]).toEqual([0, 217, 482, 491, 497, 566, 569, 571, 574, 701]);
  });
});

test('images without classes are taken from a folder and from the folders in it', async () => {
  const root = temporaryFolder();
  for (const name of ['0.png', 'a/1.png', 'a/b/2.png', 'c/3.png']) await solid(join(root, name));
  writeFileSync(join(root, 'a', 'note.txt'), '');
  const { train, test: kept } = await openDataSet(root, { nested: true, purpose: 'calibrate' });
  expect([train.count, kept.count, train.classes]).toEqual([2, 2, []]);
  const all = await openDataSet(root, { nested: true, purpose: 'evaluate' });
  expect(all.test.count).toBe(4);
  await expect(openDataSet(temporaryFolder(), { nested: true })).rejects.toThrow('no images found');
});
