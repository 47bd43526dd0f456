import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cifar10Files } from '../../src/data/cifar10/files.ts';
import { getCifar10 } from '../../src/data/cifar10/get.ts';
import { openCifar10 } from '../../src/data/cifar10/open.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const names = ['data_batch_1', 'data_batch_2', 'test_batch'];
const IMAGES = 3;

const labelAt = (file: number, image: number) => (5 * file + 2 * image + 1) % 10;
const pixelAt = (place: { file: number; image: number; channel: number; i: number }) =>
  (place.file * 91 + place.image * 57 + place.channel * 101 + place.i * 7) % 256;

/** A package laid out like the real one, with three images a file, and the binary files it stands for. */
async function fakePackage(folder: string): Promise<{ files: Cifar10Files; binaries: Buffer[] }> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "fake-cifar10", "version": "1.0.0" }');
  const labels = names.map((_, file) => Array.from({ length: IMAGES }, (_, image) => labelAt(file, image)));
  writeFileSync(join(folder, 'train_lables.json'), JSON.stringify([...labels[0]!, ...labels[1]!]));
  writeFileSync(join(folder, 'test_lables.json'), JSON.stringify(labels[2]));
  const binaries: Buffer[] = [];
  for (const [file, name] of names.entries()) {
    const interleaved: number[] = [];
    const binary: number[] = [];
    for (let image = 0; image < IMAGES; image++) {
      for (let i = 0; i < 1024; i++)
        for (const channel of [0, 1, 2]) interleaved.push(pixelAt({ file, image, channel, i }));
      binary.push(labelAt(file, image));
      for (const channel of [0, 1, 2])
        for (let i = 0; i < 1024; i++) binary.push(pixelAt({ file, image, channel, i }));
    }
    const raw = { width: 1024, height: IMAGES, channels: 3 } as const;
    await sharp(Uint8Array.from(interleaved), { raw })
      .png()
      .toFile(join(folder, `${name}.png`));
    binaries.push(Buffer.from(binary));
  }
  const md5 = binaries.map((bytes, file) => [names[file], createHash('md5').update(bytes).digest('hex')]);
  return { binaries, files: { package: folder, imagesPerFile: IMAGES, md5: Object.fromEntries(md5) } };
}

beforeEach(() => void vi.stubEnv('ESPALIER_CIFAR10', undefined));

describe('fetching', () => {
  test('writes the binary files of the package, which then open', async () => {
    const root = temporaryFolder();
    const { files, binaries } = await fakePackage(join(root, 'package'));
    const seen: string[] = [];
    const cache = join(root, 'cache');
    const folder = await getCifar10(
      { cache, progress: (done, total) => seen.push(`${done}/${total}`) },
      files,
    );

    expect(folder).toBe(join(cache, 'espalier', 'cifar10'));
    names.forEach((name, file) => {
      expect(readFileSync(join(folder, `${name}.bin`)).equals(binaries[file]!)).toBe(true);
    });
    expect(seen).toEqual(['0/4', '1/4', '2/4', '3/4', '4/4']);

    const { train, test } = await openCifar10(cache, files);
    expect([train.count, test.count]).toEqual([2 * IMAGES, IMAGES]);
    expect(Array.from(train.labels)).toEqual([1, 3, 5, 6, 8, 0]);
    const image = new Uint8Array(3072);
    await train.read(4, image);
    expect(image[2 * 1024 + 33]).toBe(pixelAt({ file: 1, image: 1, channel: 2, i: 33 }));
  });

  test('two at once both succeed and leave nothing else behind', async () => {
    const root = temporaryFolder();
    const { files } = await fakePackage(join(root, 'package'));
    const cache = join(root, 'cache');
    await Promise.all([getCifar10({ cache }, files), getCifar10({ cache }, files)]);
    expect(readdirSync(join(cache, 'espalier'))).toEqual(['cifar10']);
    expect((await openCifar10(cache, files)).train.count).toBe(2 * IMAGES);
  });

  test('removes what a process killed long ago left behind, not what another writes now', async () => {
    const root = temporaryFolder();
    const { files } = await fakePackage(join(root, 'package'));
    const [old, young] = ['old', 'young'].map((name) => join(root, 'espalier', `cifar10-partial-${name}`));
    for (const path of [old!, young!]) mkdirSync(path, { recursive: true });
    utimesSync(old!, new Date('2020-01-01'), new Date('2020-01-01'));
    await getCifar10({ cache: root }, files);
    expect(readdirSync(join(root, 'espalier')).sort()).toEqual(['cifar10', 'cifar10-partial-young']);
  });

  test('a package with other pixels is refused and leaves no file', async () => {
    const root = temporaryFolder();
    const { files } = await fakePackage(join(root, 'package'));
    const cache = join(root, 'cache');
    const other = { ...files, md5: { ...files.md5, data_batch_1: '0'.repeat(32) } };
    await expect(getCifar10({ cache }, other)).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining('data_batch_1: expected contents with md5 0000'),
    });
    expect(readdirSync(join(cache, 'espalier'))).toEqual(['cifar10']);
    expect(readdirSync(join(cache, 'espalier', 'cifar10'))).toEqual([]);
  });

  test('a package that npm cannot find is an io error with what npm said', async () => {
    const root = temporaryFolder();
    const files = {
      package: join(root, 'absent'),
      imagesPerFile: IMAGES,
      md5: { data_batch_1: '', test_batch: '' },
    };
    await expect(getCifar10({ cache: root }, files)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(
        /npm for .*absent: failed: .*no such file.*; offline, set ESPALIER_CIFAR10/,
      ),
    });
  });

  test('a cache that cannot be written is an io error', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'file'), '');
    await expect(getCifar10({ cache: join(root, 'file') })).rejects.toMatchObject({ code: 'io' });
  });
});

describe('a cache', () => {
  test.each([
    [
      'truncated',
      (path: string) => truncateSync(path, 4000),
      /data_batch_2\.bin: expected 9219 bytes, found 4000/,
    ],
    ['corrupt', (path: string) => flipByte(path), /data_batch_2\.bin: expected md5 \w+, found \w+/],
  ])('that is %s is named, and fetched again', async (_, damage, message) => {
    const root = temporaryFolder();
    const { files } = await fakePackage(join(root, 'package'));
    const folder = await getCifar10({ cache: root }, files);
    damage(join(folder, 'data_batch_2.bin'));

    const opened = openCifar10(root, files);
    await expect(opened).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(message),
    });
    await expect(opened).rejects.toThrow('download it again with `espalier data get cifar10`');
    await getCifar10({ cache: root }, files);
    expect((await openCifar10(root, files)).test.count).toBe(IMAGES);
  });

  test('that is absent says how to fetch', async () => {
    await expect(openCifar10(temporaryFolder())).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(
        /^cifar10: .*data_batch_1\.bin not found: run `espalier data get cifar10`$/,
      ),
    });
  });

  test('a folder of the user is read, and never written', async () => {
    const root = temporaryFolder();
    const { files, binaries } = await fakePackage(join(root, 'package'));
    const own = join(root, 'own');
    mkdirSync(own);
    vi.stubEnv('ESPALIER_CIFAR10', own);
    await expect(getCifar10({}, files)).rejects.toMatchObject({ code: 'missing-file' });
    expect(readdirSync(own)).toEqual([]);
    names.forEach((name, file) => writeFileSync(join(own, `${name}.bin`), binaries[file]!));
    expect(await getCifar10({}, files)).toBe(own);
    expect((await openCifar10(undefined, files)).train.count).toBe(2 * IMAGES);
  });
});

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[100]! ^= 1;
  writeFileSync(path, bytes);
}
