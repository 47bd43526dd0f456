import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The modules that importing a file loads, by static imports that are more than types. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.startsWith(root)) return seen;
  const source = readFileSync(file, 'utf8');
  for (const [, clause, from] of source.matchAll(/^(?:import|export)\s([^;]*?)\sfrom\s'([^']+)'/gm)) {
    const names = clause!
      .replace(/[{}]/g, '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    if (clause!.startsWith('type ') || names.every((name) => name.startsWith('type '))) continue;
    loadedBy(from!.startsWith('.') ? resolve(dirname(file), from!) : from!, seen);
  }
  return seen;
}

describe('starting up', () => {
  it('loads no engine, no graph and no image decoder until a command runs', () => {
    const loaded = [...loadedBy(resolve(root, 'src/cli/main.ts'))].map((file) =>
      file.startsWith(root) ? relative(root, file) : file,
    );
    expect(loaded).toContain('src/commands/training/train.ts');
    const packages = loaded.filter((name) => !name.startsWith('src/') && !name.startsWith('node:'));
    expect(packages.sort()).toEqual(['commander', 'valibot']);
    const heavy = /^src\/(autodiff|calibration|channels|data|graph|models|onnx|rewrite)\//;
    expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
    const engines = loaded.filter((name) => name.startsWith('src/runtime/'));
    expect(engines.sort()).toEqual(['src/runtime/default-executor.ts']);
  });
});
