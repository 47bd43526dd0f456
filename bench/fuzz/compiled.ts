import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What runs in processes and threads of its own, and so is imported by nothing. */
const entries = [
  'bench/fuzz/run-inputs.ts',
  'src/data/batches/batch-worker.ts',
  'src/grafting/training-process.ts',
];

/**
 * Compiles what a fuzzing process runs into a folder; the path of its script. A loader of sources takes longer for each import than
 * most commands do for a file, and edits made meanwhile change nothing.
 */
export function compileRunner(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const project = join(folder, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    noCheck: true,
    rootDir: root,
    outDir: folder,
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const files = entries.map((entry) => join(root, entry));
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files }),
  );
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the fuzzer does not compile: ${stdout}`);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, entries[0]!.replace(/\.ts$/, '.js'));
}
