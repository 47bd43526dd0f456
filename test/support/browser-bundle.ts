import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A module for browsers and all that it imports, `espalier/core` among it, as one script; throws where anything has to come from Node. */
export async function browserBundle(contents: string, format: 'esm' | 'iife' = 'esm'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    alias: { 'espalier/core': './src/core.ts' },
    platform: 'browser',
    target: 'es2022',
    bundle: true,
    write: false,
    logLevel: 'silent',
    format,
  });
  return outputFiles[0]!.text;
}
