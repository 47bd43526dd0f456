import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { openFashionMnist } from '../../src/data/fashion-mnist.ts';
import { readIdx } from '../../src/data/idx.ts';
import { fashionMnistPreprocessing } from '../../src/data/preprocessing.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const idx = (shape: number[], contents: number[]) =>
  Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, 0, size]), ...contents]);

function fakeFolder(trainLabels = [9, 4]): string {
  const folder = temporaryFolder();
  const images = Array.from({ length: 2 * 28 * 28 }, (_, i) => i % 251);
  writeFileSync(join(folder, 'train-images-idx3-ubyte.gz'), gzipSync(idx([2, 28, 28], images)));
  writeFileSync(join(folder, 'train-labels-idx1-ubyte.gz'), gzipSync(idx([trainLabels.length], trainLabels)));
  writeFileSync(join(folder, 't10k-images-idx3-ubyte'), idx([1, 28, 28], images.slice(0, 784)));
  writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), idx([1], [3]));
  vi.stubEnv('ESPALIER_FASHION_MNIST', folder);
  return folder;
}

beforeEach(() => void vi.unstubAllEnvs());

describe('Fashion-MNIST', () => {
  test('opens gzipped and plain files', async () => {
    fakeFolder();
    const { train, test } = await openFashionMnist();
    expect([train.channels, train.height, train.width]).toEqual([1, 28, 28]);
    expect(Array.from(train.labels)).toEqual([9, 4]);
    expect(train.classes[9]).toBe('Ankle boot');
    expect(test.count).toBe(1);
    const image = new Uint8Array(784);
    await train.read(1, image);
    expect(Array.from(image.subarray(0, 3))).toEqual([784 % 251, 785 % 251, 786 % 251]);
  });

  test('where a file is missing, the error says how to get it', async () => {
    vi.stubEnv('ESPALIER_FASHION_MNIST', temporaryFolder());
    await expect(openFashionMnist()).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(
        /no train-images.*apt-get install dataset-fashion-mnist.*ESPALIER_FASHION_MNIST/,
      ),
    });
  });

  test('images without their labels are refused', async () => {
    fakeFolder([1, 2, 3]);
    await expect(openFashionMnist()).rejects.toThrow("expected 2 labels for train's images, found 3");
  });

  test.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))(
    'has the preset mean and deviation',
    async () => {
      const { train } = await openFashionMnist();
      expect(train.count).toBe(60_000);
      let [sum, squares] = [0, 0];
      const image = new Uint8Array(784);
      for (let index = 0; index < train.count; index += 20) {
        await train.read(index, image);
        for (const x of image) {
          sum += x / 255;
          squares += (x / 255) ** 2;
        }
      }
      const n = (train.count / 20) * 784;
      expect(sum / n).toBeCloseTo(fashionMnistPreprocessing.mean[0]!, 2);
      expect(Math.sqrt(squares / n - (sum / n) ** 2)).toBeCloseTo(fashionMnistPreprocessing.std[0]!, 2);
    },
  );
});

describe('an IDX file', () => {
  test.each([
    ['of another rank', idx([3], [1, 2, 3]), 'not an IDX file of bytes with 3 dimensions'],
    ['that is empty', Buffer.alloc(0), 'not an IDX file'],
    ['that is truncated', idx([2, 2, 2], [1, 2, 3]), 'expected 24 bytes for [2,2,2], found 19'],
    ['of impossible size', Buffer.concat([Buffer.from([0, 0, 8, 3]), Buffer.alloc(12, 255)]), 'found 16'],
    ['with half a gzip stream', gzipSync(idx([1, 1, 1], [1])).subarray(0, 20), 'corrupt or truncated'],
  ])('%s is refused by name', async (_, bytes, message) => {
    const path = join(temporaryFolder(), 'odd-idx');
    writeFileSync(path, bytes);
    const reading = readIdx(path, 3);
    await expect(reading).rejects.toMatchObject({ code: 'invalid-data', where: path });
    await expect(reading).rejects.toThrow(message);
  });
});
