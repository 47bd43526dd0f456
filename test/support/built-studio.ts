import { createHash } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folder of the built page. It is built once for each state of the sources, which takes some seconds. */
export async function builtStudio(): Promise<string> {
  const folder = join(tmpdir(), `espalier-studio-${stateOf(['studio', 'src'])}`);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}.partial`;
  await build({
    configFile: join(root, 'studio/vite.config.ts'),
    logLevel: 'error',
    build: { outDir: partial },
  });
  try {
    renameSync(partial, folder);
  } catch {
    rmSync(partial, { recursive: true }); // another process was faster
  }
  return folder;
}

/** A digest of the names, sizes and times of the files in folders. */
function stateOf(folders: readonly string[]): string {
  const hash = createHash('sha256');
  for (const folder of folders) {
    for (const path of (readdirSync(join(root, folder), { recursive: true }) as string[]).sort()) {
      const { size, mtimeMs } = statSync(join(root, folder, path));
      hash.update(`${path} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}
