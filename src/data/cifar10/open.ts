import { EspalierError } from '../../errors.ts';
import type { DataSet, ImageSource } from '../image-source.ts';
import { sourceAt } from '../origin.ts';
import { type Cifar10Files, cifar10Files, IMAGE_BYTES, RECORD_BYTES, readBinaryFile } from './files.ts';
import { cifar10Folder } from './get.ts';

const classes = [
  ...['airplane', 'automobile', 'bird', 'cat', 'deer'],
  ...['dog', 'frog', 'horse', 'ship', 'truck'],
];

/**
 * CIFAR-10: 50 000 training and 10 000 test images, [3, 32, 32], in shared memory. Throws `invalid-data`, naming the command
 * to run, if it has not been downloaded or a file is damaged.
 */
export async function openCifar10(cache?: string, files: Cifar10Files = cifar10Files): Promise<DataSet> {
  const folder = cifar10Folder(cache);
  const names = Object.keys(files.md5);
  const train = await openFiles(folder, names.slice(0, -1), files);
  const test = await openFiles(folder, names.slice(-1), files);
  return { name: 'cifar10', train, test };
}

async function openFiles(folder: string, names: string[], files: Cifar10Files): Promise<ImageSource> {
  const count = names.length * files.imagesPerFile;
  const pixels = new Uint8Array(new SharedArrayBuffer(count * IMAGE_BYTES));
  const labels = new Int32Array(count);
  let image = 0;
  for (const name of names) {
    const bytes = await readBinaryFile(folder, name, files).catch(sayHowToFetch);
    for (let record = 0; record < bytes.length; record += RECORD_BYTES, image++) {
      labels[image] = bytes[record]!;
      pixels.set(bytes.subarray(record + 1, record + RECORD_BYTES), image * IMAGE_BYTES);
    }
  }
  const description = { name: 'cifar10', channels: 3, height: 32, width: 32, labels, classes };
  return sourceAt({ kind: 'memory', pixels }, description);
}

function sayHowToFetch(cause: unknown): never {
  if (!(cause instanceof EspalierError) || cause.code !== 'missing-file') throw cause;
  const message = `${cause.where} not found: run \`espalier data get cifar10\``;
  throw new EspalierError('invalid-data', message, { where: 'cifar10', cause });
}
