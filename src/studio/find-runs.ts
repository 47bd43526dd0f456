import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** How many folders deep runs are searched: a sweep of recipes with their steps, and one more. */
const DEPTH = 4;

/**
 * The folders at or below a folder that contain a `recipe.json`, by their path relative to it, with slashes (`.` for the
 * folder itself). Hidden folders, `node_modules` and links are skipped.
 */
export async function findRuns(root: string): Promise<ReadonlyMap<string, string>> {
  const folders = await runsBelow(root, DEPTH);
  return new Map(folders.map((folder) => [relative(root, folder).split(sep).join('/') || '.', folder]));
}

async function runsBelow(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const own = entries.some((entry) => entry.isFile() && entry.name === 'recipe.json') ? [folder] : [];
  if (depth === 0) return own;
  const below = entries.filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
  );
  const found = await Promise.all(below.map(({ name }) => runsBelow(join(folder, name), depth - 1)));
  return [...own, ...found.flat()];
}
