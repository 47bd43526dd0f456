import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../errors.ts';
import { type IdxTensor, readIdx } from './idx.ts';
import type { DataSet, ImageSource } from './image-source.ts';
import { sourceAt } from './origin.ts';

const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';
const files = ['train', 't10k'].flatMap((split) => [
  `${split}-images-idx3-ubyte`,
  `${split}-labels-idx1-ubyte`,
]);
const classes = [
  ...['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'],
  ...['Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
];

/**
 * Fashion-MNIST (Xiao et al., 2017, arXiv:1708.07747): 60 000 training and 10 000 test images, [1, 28, 28], in shared memory,
 * from $ESPALIER_FASHION_MNIST or Debian's package. Throws `invalid-data`, saying how to install it, if it is not found.
 */
export async function openFashionMnist(): Promise<DataSet> {
  const folder = await findFashionMnist();
  const train = await openSplit(folder, 'train');
  return { name: 'fashion-mnist', train, test: await openSplit(folder, 't10k') };
}

/**
 * The folder with the four files of Fashion-MNIST, gzipped or not. Throws `invalid-data`, saying how to install them, if
 * there is none.
 */
export async function findFashionMnist(): Promise<string> {
  const folder = process.env.ESPALIER_FASHION_MNIST || DEBIAN_FOLDER;
  const present = await readdir(folder).catch(() => [] as string[]);
  const missing = files.find((file) => !present.includes(file) && !present.includes(`${file}.gz`));
  if (!missing) return folder;
  const cure = `run \`apt-get install dataset-fashion-mnist\`, or set ESPALIER_FASHION_MNIST to a folder with ${files.join('.gz, ')}.gz`;
  const message = `no ${missing}.gz in ${folder}: ${cure}`;
  throw new EspalierError('invalid-data', message, { where: 'fashion-mnist' });
}

async function openSplit(folder: string, split: 'train' | 't10k'): Promise<ImageSource> {
  const images = await readEither(folder, `${split}-images-idx3-ubyte`, 3);
  const { bytes, shape } = await readEither(folder, `${split}-labels-idx1-ubyte`, 1);
  const [count, height, width] = images.shape as [number, number, number];
  if (shape[0] !== count) {
    const message = `expected ${count} labels for ${split}'s images, found ${shape[0]}`;
    throw new EspalierError('invalid-data', message, { where: folder });
  }
  const pixels = new Uint8Array(new SharedArrayBuffer(images.bytes.length));
  pixels.set(images.bytes);
  const labels = Int32Array.from(bytes);
  return sourceAt(
    { kind: 'memory', pixels },
    { name: 'fashion-mnist', channels: 1, height, width, labels, classes },
  );
}

async function readEither(folder: string, file: string, rank: number): Promise<IdxTensor> {
  const present = await readdir(folder);
  return readIdx(join(folder, present.includes(`${file}.gz`) ? `${file}.gz` : file), rank);
}
