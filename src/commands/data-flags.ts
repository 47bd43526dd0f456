import { resolve } from 'node:path';
import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import { optional, text, wholeNumber } from './flags.ts';

/** What `--data` takes. */
export const DATA_SUMMARY = 'cifar10, fashion-mnist, or a folder of images by class';

/** Flags that make a data set smaller. */
export const limitFlags = {
  limit: optional('--limit <n>', 'use a seeded subset of n training images', wholeNumber()),
  testLimit: optional('--test-limit <n>', 'use a seeded subset of n test images', wholeNumber()),
};

/** Which output gives class scores. */
export const logitsFlag = {
  logits: optional(
    '--logits <name>',
    'name of the output with class scores (default: found by its shape and the number of classes)',
    text,
  ),
};

interface DataOptions {
  readonly labels?: string;
  readonly limit?: number;
  readonly testLimit?: number;
  readonly seed?: number;
  /** What is done with images that nobody split; default 'train'. */
  readonly purpose?: 'train' | 'calibrate' | 'evaluate';
  /** Whether images of no class will do. */
  readonly unlabelled?: boolean;
  /** Whether all images of a folder and of the folders in it are taken, of no class. */
  readonly nested?: boolean;
}

/** The schema of `--data`. */
export const dataName = text;

/** A data set as processes and machines find it wherever they are called: its name, or the whole path of its folder. */
export async function dataPlace(name: string): Promise<string> {
  const { dataSets } = await import('../data/data-sets.ts');
  return Object.hasOwn(dataSets, name) ? name : resolve(name);
}

/** The data set of a name, decoded to the size that the model takes. */
export async function openData(
  name: string,
  { height, width, mean }: Preprocessing,
  options: DataOptions,
): Promise<DataSet> {
  const { openDataSet } = await import('../data/data-sets.ts');
  const {
    labels,
    limit,
    testLimit,
    seed = 1,
    unlabelled = false,
    nested = false,
    purpose = 'train',
  } = options;
  return openDataSet(name, {
    height,
    width,
    channels: mean.length,
    labels,
    limit,
    testLimit,
    seed,
    unlabelled,
    nested,
    purpose,
  });
}
