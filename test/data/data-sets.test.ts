import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { cacheFolder } from '../../src/data/cache.ts';
import { dataSets, fittingOf, getDataSet, openDataSet } from '../../src/data/data-sets.ts';
import type { ImageSource } from '../../src/data/image-source.ts';
import { syntheticImages } from '../support/synthetic-images.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

beforeEach(() => void vi.unstubAllEnvs());

test('an unknown name is refused with what there is', async () => {
  const expected = { code: 'usage', message: expect.stringContaining('cifar10, fashion-mnist') };
  await expect(openDataSet('cifar-11')).rejects.toMatchObject(expected);
  await expect(openDataSet('toString')).rejects.toMatchObject(expected);
  await expect(getDataSet('cifar-11')).rejects.toMatchObject(expected);
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  await expect(openDataSet(file)).rejects.toThrow('found a file');
});

test('the limits apply to the two splits, and another size is refused', async () => {
  const source = (count: number): ImageSource =>
    syntheticImages({ count, size: 4, channels: 1, classes: 2, seed: 1 });
  const known = vi.spyOn(dataSets.cifar10!, 'open');
  known.mockResolvedValue({ name: 'cifar10', train: source(40), test: source(20) });
  const { train, test: images } = await openDataSet('cifar10', {
    limit: 10,
    testLimit: 6,
    height: 4,
    width: 4,
  });
  expect([train.count, images.count]).toEqual([10, 6]);
  await expect(openDataSet('cifar10', { height: 224, width: 224 })).rejects.toMatchObject({
    code: 'shape',
    message: 'synthetic: images are 4×4, expected 224×224',
  });
});

test('a fit is refused where images are not resized', async () => {
  const expected = {
    code: 'usage',
    message: expect.stringContaining('need a folder of images: those of cifar10'),
  };
  await expect(openDataSet('cifar10', { fit: 'letterbox' })).rejects.toMatchObject(expected);
  await expect(openDataSet('cifar10', { pad: 0 })).rejects.toMatchObject(expected);
  const stored = { fit: 'letterbox', pad: 0 } as const;
  expect([fittingOf('cifar10', stored), fittingOf('/photos', stored)]).toEqual([{}, stored]);
});

test('the cache is found by option, then by environment', () => {
  vi.stubEnv('XDG_CACHE_HOME', '/xdg');
  expect(cacheFolder('cifar10')).toBe(join('/xdg', 'espalier', 'cifar10'));
  vi.stubEnv('ESPALIER_CACHE', '/own');
  expect(cacheFolder('cifar10')).toBe(join('/own', 'espalier', 'cifar10'));
  expect(cacheFolder('cifar10', '/option')).toBe(join('/option', 'espalier', 'cifar10'));
});
