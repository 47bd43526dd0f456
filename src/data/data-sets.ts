import { stat } from 'node:fs/promises';
import { defined } from '../defined.ts';
import { EspalierError } from '../errors.ts';
import { withChannels } from './channels.ts';
import { type DownloadOptions, findCifar10, getCifar10 } from './cifar10/get.ts';
import { openCifar10 } from './cifar10/open.ts';
import { findFashionMnist, openFashionMnist } from './fashion-mnist.ts';
import type { Fitting } from './image-folder/fits.ts';
import { type ImageFolderOptions, openImageFolder } from './image-folder/open.ts';
import type { DataSet, ImageSource } from './image-source.ts';
import { cifar10Preprocessing, fashionMnistPreprocessing, type Preprocessing } from './preprocessing.ts';
import { limitSource } from './subset.ts';

/** Options of {@link openDataSet}. */
export interface DataSetOptions extends ImageFolderOptions {
  /** Maximum number of training images: a random subset by seed, balanced over classes. Default: all. */
  readonly limit?: number;
  /** The same for test images. */
  readonly testLimit?: number;
  /** The cache folder instead of ~/.cache. */
  readonly cache?: string;
}

/** A data set that is known by name. */
export interface NamedDataSet {
  readonly title: string;
  /** The preprocessing of its images, unless the network or the caller specifies another. */
  readonly preprocessing: Preprocessing;
  open(options: DataSetOptions): Promise<DataSet>;
  /** Downloads the data set, or checks that it is complete; returns its folder. */
  get(options: DownloadOptions): Promise<string>;
  /** Its folder if all files exist (unchecked), else null. */
  find(cache?: string): Promise<string | null>;
}

/** The data sets that are known by name. Any other name is a folder. */
export const dataSets: Readonly<Record<string, NamedDataSet>> = {
  cifar10: {
    title: 'CIFAR-10: 60 000 colour images of 32×32 in 10 classes',
    preprocessing: cifar10Preprocessing,
    open: ({ cache }) => openCifar10(cache),
    get: (options) => getCifar10(options),
    find: (cache) => findCifar10(cache),
  },
  'fashion-mnist': {
    title: 'Fashion-MNIST: 70 000 grey images of 28×28 in 10 classes',
    preprocessing: fashionMnistPreprocessing,
    open: () => openFashionMnist(),
    get: () => findFashionMnist(),
    find: () => findFashionMnist().catch(() => null),
  },
};

/**
 * Opens a data set by name, or a folder with one subfolder of images per class. Images of folders are resized to `height` ×
 * `width`; a named data set has a fixed size and throws `shape` if another is requested. Images are converted to `channels`
 * (grey is luminance). Throws `usage` for an unknown name, and for a fit of images that are not resized.
 *
 * @example
 * const { train, test } = await openDataSet('photos', { height: 224, width: 224 });
 */
export async function openDataSet(name: string, options: DataSetOptions = {}): Promise<DataSet> {
  const { limit, testLimit, seed = 0, channels } = options;
  const opened = inChannels(await open(name, options), channels);
  const train = limit === undefined ? opened.train : limitSource(opened.train, limit, seed);
  const test = testLimit === undefined ? opened.test : limitSource(opened.test, testLimit, seed);
  return { name: opened.name, train, test };
}

/** The fit for the images of a data set; none if it has a name, since its images are not resized. */
export const fittingOf = (name: string, { fit, pad }: Fitting): Fitting =>
  findNamed(name) ? {} : defined({ fit, pad });

const inChannels = ({ name, train, test }: DataSet, channels: number | undefined): DataSet => ({
  name,
  train: channels === undefined ? train : withChannels(train, channels),
  test: channels === undefined ? test : withChannels(test, channels),
});

/** Downloads a data set by name, or checks the existing one; returns its folder. Throws `usage` for an unknown name. */
export async function getDataSet(name: string, options: DownloadOptions = {}): Promise<string> {
  const known = findNamed(name);
  if (known) return known.get(options);
  throw new EspalierError('usage', `unknown data set ${name}, expected one of ${names()}`);
}

async function open(name: string, options: DataSetOptions): Promise<DataSet> {
  const known = findNamed(name);
  if (known) {
    checkFitting(name, options);
    const opened = await known.open(options);
    checkSize(opened.test, options);
    return opened;
  }
  const found = await stat(name).catch(() => null);
  if (found?.isDirectory()) return openImageFolder(name, options);
  const what = found ? 'a file' : 'no such folder';
  throw new EspalierError(
    'usage',
    `unknown data set ${name}: expected ${names()} or a folder, found ${what}`,
  );
}

function findNamed(name: string): NamedDataSet | undefined {
  return Object.hasOwn(dataSets, name) ? dataSets[name] : undefined;
}

function names(): string {
  return Object.keys(dataSets).join(', ');
}

function checkFitting(name: string, { fit, pad }: DataSetOptions): void {
  if (fit === undefined && pad === undefined) return;
  const message = `\`fit\` and \`pad\` need a folder of images: those of ${name} have one size`;
  throw new EspalierError('usage', message);
}

function checkSize(
  source: ImageSource,
  { height = source.height, width = source.width }: DataSetOptions,
): void {
  if (height === source.height && width === source.width) return;
  const message = `images are ${source.height}×${source.width}, expected ${height}×${width}`;
  throw new EspalierError('shape', message, { where: source.name });
}
