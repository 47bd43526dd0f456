import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../../errors.ts';
import { withFileErrors } from '../file-system.ts';

const IMAGE_FILE = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i;

/** The names of the subfolders, sorted. */
export async function subfolders(root: string): Promise<string[]> {
  const entries = await withFileErrors(root, () => readdir(root, { withFileTypes: true }));
  const names: string[] = [];
  for (const entry of entries) {
    const linked = entry.isSymbolicLink() && (await stat(join(root, entry.name))).isDirectory();
    if ((entry.isDirectory() || linked) && !entry.name.startsWith('.')) names.push(entry.name);
  }
  return names.sort();
}

/** Image files and their labels. */
export interface LabelledFiles {
  readonly paths: string[];
  readonly labels: Int32Array;
}

/**
 * The images in the subfolders of `root`; the label is the index of the subfolder in `classes`. Throws `invalid-data` for a
 * subfolder that is not in `classes`.
 */
export async function listClassFolders(root: string, classes: readonly string[]): Promise<LabelledFiles> {
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const paths: string[] = [];
  const labels: number[] = [];
  for (const folder of await subfolders(root)) {
    const label = labelOf.get(folder);
    if (label === undefined)
      throw new EspalierError(
        'invalid-data',
        `folder ${folder} is not one of the ${classes.length} classes`,
        {
          where: root,
        },
      );
    for (const path of await listImages(join(root, folder))) {
      paths.push(path);
      labels.push(label);
    }
  }
  if (paths.length) return { paths, labels: Int32Array.from(labels) };
  const message = 'no images found: expected one folder per class with .jpg, .png, .webp … files';
  throw new EspalierError('invalid-data', message, { where: root });
}

/** The image files directly in a folder, sorted. */
export async function listImages(folder: string): Promise<string[]> {
  const names = await withFileErrors(folder, () => readdir(folder));
  return names
    .filter((name) => IMAGE_FILE.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * The image files in a folder and in all its subfolders, sorted folder by folder. Throws `invalid-data` if there are none.
 */
export async function listNested(root: string): Promise<string[]> {
  const paths = await imagesBelow(root);
  if (paths.length > 0) return paths;
  const message = 'no images found: expected .jpg, .png, .webp … files in it or in its folders';
  throw new EspalierError('invalid-data', message, { where: root });
}

async function imagesBelow(folder: string): Promise<string[]> {
  const below: string[] = [];
  for (const name of await subfolders(folder)) below.push(...(await imagesBelow(join(folder, name))));
  return [...(await listImages(folder)), ...below];
}
