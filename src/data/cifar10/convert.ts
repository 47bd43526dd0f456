import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../../errors.ts';
import { loadDecoder } from '../decoder.ts';
import { withFileErrors } from '../file-system.ts';
import { type Cifar10Files, IMAGE_BYTES, md5, RECORD_BYTES } from './files.ts';

const PLANE = 32 * 32;

/**
 * Makes a binary file from the package's PNG, whose row i is image i as 1024 RGB pixels, and its labels, a JSON list. Throws
 * `invalid-data` if the package has unexpected contents.
 */
export async function convertBatch(folder: string, name: string, files: Cifar10Files): Promise<Uint8Array> {
  const labels = await readLabels(folder, name, files);
  const pixels = await decodePixels(join(folder, `${name}.png`), files.imagesPerFile);
  const bytes = records(pixels, labels);
  const found = md5(bytes);
  if (found === files.md5[name]) return bytes;
  const message = `expected contents with md5 ${files.md5[name]}, found ${found}`;
  throw new EspalierError('invalid-data', message, { where: `${files.package} ${name}` });
}

async function readLabels(folder: string, name: string, files: Cifar10Files): Promise<number[]> {
  const test = name === 'test_batch';
  const path = join(folder, test ? 'test_lables.json' : 'train_lables.json');
  const text = await withFileErrors(path, () => readFile(path, 'utf8'));
  const first = test ? 0 : Object.keys(files.md5).indexOf(name) * files.imagesPerFile;
  return (JSON.parse(text) as number[]).slice(first, first + files.imagesPerFile);
}

async function decodePixels(path: string, rows: number): Promise<Uint8Array> {
  const sharp = await loadDecoder();
  const { data, info } = await sharp(path)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new EspalierError('invalid-data', 'not a readable PNG', { where: path, cause });
    });
  if (info.width === PLANE && info.height === rows && info.channels === 3) return data;
  const found = `${info.width}×${info.height} with ${info.channels} channels`;
  const message = `expected ${PLANE}×${rows} pixels with 3 channels, found ${found}`;
  throw new EspalierError('invalid-data', message, { where: path });
}

function records(pixels: Uint8Array, labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * RECORD_BYTES);
  labels.forEach((label, image) => {
    const record = image * RECORD_BYTES;
    bytes[record] = label;
    for (let channel = 0; channel < 3; channel++)
      for (let i = 0; i < PLANE; i++)
        bytes[record + 1 + channel * PLANE + i] = pixels[image * IMAGE_BYTES + 3 * i + channel]!;
  });
  return bytes;
}
