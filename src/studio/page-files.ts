import { existsSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EspalierError } from '../errors.ts';

/** The folder of the built page; the same for the sources and for the compiled package. */
const built = fileURLToPath(new URL('../../dist/studio/page/', import.meta.url));

/**
 * The files of the built page by address: nothing else can be requested. Throws `missing-file` if the page has not been
 * built.
 */
export function pageFiles(folder = built): ReadonlyMap<string, string> {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new EspalierError('missing-file', 'contains no page: build it with npm run build:studio', {
      where: folder,
    });
  }
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(join(folder, sep).length)] : [],
  );
  const files = new Map(names.map((name) => [`/${name.split(sep).join('/')}`, join(folder, name)]));
  return files.set('/', join(folder, 'index.html'));
}
