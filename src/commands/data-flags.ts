import { resolve } from 'node:path';
import type { DataSetOptions } from '../data/data-sets.ts';
import type { DataSet } from '../data/image-source.ts';
import type { Preprocessing } from '../data/preprocessing.ts';
import { defined } from '../defined.ts';
import { optional, text, wholeNumber } from './flags.ts';

/** The values that `--data` accepts. */
export const DATA_SUMMARY = 'cifar10, fashion-mnist, or a folder of images by class';

/** Flags that limit the size of a data set. */
export const limitFlags = {
  limit: optional('--limit <n>', 'use a seeded subset of n training images', wholeNumber()),
  testLimit: optional('--test-limit <n>', 'use a seeded subset of n test images', wholeNumber()),
};

/** The flag that selects the output with class scores. */
export const logitsFlag = {
  logits: optional(
    '--logits <name>',
    'name of the output with class scores (default: found by its shape and the number of classes)',
    text,
  ),
};

/** The schema of `--data`. */
export const dataName = text;

/** A data set in the form in which other processes find it: its name, or the absolute path of its folder. */
export async function dataPlace(name: string): Promise<string> {
  const { dataSets } = await import('../data/data-sets.ts');
  return Object.hasOwn(dataSets, name) ? name : resolve(name);
}

/** The options that commands have of {@link openData}; others of the same name, such as deploy's cache, are left out. */
type DataOptions = Pick<
  DataSetOptions,
  'labels' | 'limit' | 'testLimit' | 'seed' | 'purpose' | 'unlabelled' | 'nested' | 'fit' | 'pad'
>;

/** Opens a data set by name, with images of the size that the model needs. */
export async function openData(
  name: string,
  preprocessing: Preprocessing,
  { labels, limit, testLimit, seed = 1, purpose, unlabelled, nested, fit, pad }: DataOptions,
): Promise<DataSet> {
  const { fittingOf, openDataSet } = await import('../data/data-sets.ts');
  const { height, width, mean } = preprocessing;
  const fitting = { ...fittingOf(name, preprocessing), ...defined({ fit, pad }) };
  const asked = { labels, limit, testLimit, seed, purpose, unlabelled, nested };
  return openDataSet(name, { ...asked, height, width, ...fitting, channels: mean.length });
}
