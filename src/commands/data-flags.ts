import { resolve } from 'node:path';
import type { DataSetOptions } from '../data/data-sets.ts';
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

/** The schema of `--data`. */
export const dataName = text;

/** A data set as processes and machines find it wherever they are called: its name, or the whole path of its folder. */
export async function dataPlace(name: string): Promise<string> {
  const { dataSets } = await import('../data/data-sets.ts');
  return Object.hasOwn(dataSets, name) ? name : resolve(name);
}

/** The options that commands have of {@link openData}; others of the same name, such as deploy's cache, are left out. */
type DataOptions = Pick<
  DataSetOptions,
  'labels' | 'limit' | 'testLimit' | 'seed' | 'purpose' | 'unlabelled' | 'nested'
>;

/** The data set of a name, decoded to the size that the model takes. */
export async function openData(
  name: string,
  { height, width, mean }: Preprocessing,
  { labels, limit, testLimit, seed = 1, purpose, unlabelled, nested }: DataOptions,
): Promise<DataSet> {
  const { openDataSet } = await import('../data/data-sets.ts');
  const asked = { labels, limit, testLimit, seed, purpose, unlabelled, nested };
  return openDataSet(name, { ...asked, height, width, channels: mean.length });
}
