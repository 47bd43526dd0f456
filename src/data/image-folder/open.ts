import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { defined } from '../../defined.ts';
import { EspalierError } from '../../errors.ts';
import { withFileErrors } from '../file-system.ts';
import type { DataSet, ImageSource } from '../image-source.ts';
import { sourceAt } from '../origin.ts';
import { splitSource } from '../subset.ts';
import { type LabelledFiles, listClassFolders, listImages, listNested, subfolders } from './class-folders.ts';
import type { Fitting } from './fits.ts';

const TRAIN_FOLDERS = ['train'];
const TEST_FOLDERS = ['val', 'validation', 'test'];

/** Options of opening a folder with one subfolder of images per class. */
export interface ImageFolderOptions extends Fitting {
  /** Height of the images in pixels; default 224. */
  readonly height?: number;
  /** Width of the images in pixels; default 224. */
  readonly width?: number;
  /** A file with one subfolder name per line: line i names label i. Default: labels follow the sorted names. */
  readonly labels?: string;
  /**
   * How to split images if there is no folder of test images: 'train' (the default) uses a random tenth for testing, by seed,
   * and 'calibrate' a half; 'evaluate' uses all images as test set.
   */
  readonly purpose?: 'train' | 'calibrate' | 'evaluate';
  readonly seed?: number;
  /** Channels of the images: 3 (default), or 4 with alpha. {@link openDataSet} also converts to 1 (luminance). */
  readonly channels?: number;
  /** Whether to accept images directly in the folder, without classes, if there are no subfolders. Default false. */
  readonly unlabelled?: boolean;
  /**
   * Whether to use all images of the folder and its subfolders, without classes, unless `labels` names some of the subfolders.
   * Default false.
   */
  readonly nested?: boolean;
}

/**
 * Opens images in ROOT/{train,val|test}/CLASS/ or ROOT/CLASS/; they are decoded when read. Throws `invalid-data` if there are
 * none. Unlabelled images have no classes, and are used both for training and as test images.
 */
export async function openImageFolder(root: string, options: ImageFolderOptions): Promise<DataSet> {
  const folders = await subfolders(root);
  const trainFolder = TRAIN_FOLDERS.find((name) => folders.includes(name));
  const testFolder = TEST_FOLDERS.find((name) => folders.includes(name));
  const name = basename(resolve(root));
  const isNested = options.nested && !(await hasLabelledFolders(join(root, trainFolder ?? ''), options));
  if (isNested) return { name, ...(await openNested(root, { trainFolder, testFolder }, options)) };
  if (options.unlabelled && folders.length === 0) {
    const paths = await listImages(root);
    if (paths.length > 0) {
      const all = sourceOf(root, { paths, labels: new Int32Array(paths.length), classes: [] }, options);
      return { name, train: all, test: all };
    }
  }
  if (!trainFolder) {
    const onlyTest = testFolder && folders.every((folder) => TEST_FOLDERS.includes(folder));
    return { name, ...(await withoutSplit(onlyTest ? join(root, testFolder) : root, options)) };
  }
  if (!testFolder) return { name, ...(await withoutSplit(join(root, trainFolder), options)) };
  const classes = await classNames(join(root, trainFolder), options);
  const [train, test] = await Promise.all(
    [trainFolder, testFolder].map((folder) => openClasses(join(root, folder), classes, options)),
  );
  return { name, train: train!, test: test! };
}

interface SplitFolders {
  readonly trainFolder: string | undefined;
  readonly testFolder: string | undefined;
}

/** Images without classes, split by existing train and test folders, else as in {@link withoutSplit}. */
async function openNested(
  root: string,
  { trainFolder, testFolder }: SplitFolders,
  options: ImageFolderOptions,
) {
  const open = async (folder: string) => {
    const paths = await listNested(folder);
    return sourceOf(folder, { paths, labels: new Int32Array(paths.length), classes: [] }, options);
  };
  if (trainFolder && testFolder)
    return { train: await open(join(root, trainFolder)), test: await open(join(root, testFolder)) };
  return split(await open(root), options);
}

async function withoutSplit(root: string, options: ImageFolderOptions): Promise<Omit<DataSet, 'name'>> {
  const all = await openClasses(root, await classNames(root, options), options);
  return split(all, options);
}

function split(all: ImageSource, { purpose, seed = 0 }: ImageFolderOptions): Omit<DataSet, 'name'> {
  if (purpose === 'evaluate') return { train: all, test: all };
  const [train, test] = splitSource(all, purpose === 'calibrate' ? 0.5 : 0.9, seed);
  return { train, test };
}

/** Whether `labels` names some of the subfolders. */
async function hasLabelledFolders(root: string, options: ImageFolderOptions): Promise<boolean> {
  if (!options.labels) return false;
  const named = new Set(await classNames(root, options));
  return (await subfolders(root)).some((folder) => named.has(folder));
}

async function classNames(root: string, { labels }: ImageFolderOptions): Promise<string[]> {
  if (!labels) return subfolders(root);
  const text = await withFileErrors(labels, () => readFile(labels, 'utf8'));
  const names = text.split('\n').map((line) => line.trim());
  while (names.at(-1) === '') names.pop();
  const repeated = names.find((name, i) => name === '' || names.indexOf(name) !== i);
  if (names.length && repeated === undefined) return names;
  const found = repeated === undefined ? 'none' : `${repeated ? `${repeated} twice` : 'an empty line'}`;
  throw new EspalierError('invalid-data', `expected one class name per line, found ${found}`, {
    where: labels,
  });
}

async function openClasses(
  root: string,
  classes: readonly string[],
  options: ImageFolderOptions,
): Promise<ImageSource> {
  return sourceOf(root, { ...(await listClassFolders(root, classes)), classes }, options);
}

function sourceOf(
  root: string,
  { paths, labels, classes }: LabelledFiles & { readonly classes: readonly string[] },
  { height = 224, width = 224, channels, fit, pad }: ImageFolderOptions,
): ImageSource {
  const name = basename(resolve(root));
  return sourceAt(
    { kind: 'files', paths, ...defined({ fit, pad }) },
    { name, channels: channels === 4 ? 4 : 3, height, width, labels, classes },
  );
}
