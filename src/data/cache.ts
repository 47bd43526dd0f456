import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder `CACHE/espalier/NAME`, where CACHE is the option, else $ESPALIER_CACHE, else $XDG_CACHE_HOME, else ~/.cache. */
export function cacheFolder(name: string, cache?: string): string {
  const { ESPALIER_CACHE, XDG_CACHE_HOME } = process.env;
  return join(cache || ESPALIER_CACHE || XDG_CACHE_HOME || join(homedir(), '.cache'), 'espalier', name);
}
