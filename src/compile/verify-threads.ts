import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EspalierError } from '../errors.ts';
import { writeFilesAtomically } from '../files.ts';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import type { CompiledModel } from './compile.ts';
import { compiledFiles } from './folder/files.ts';

interface LoadedNetwork {
  readonly inputs: Readonly<Record<string, Float32Array>>;
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly threads: number;
  run(): void;
  close(): void;
}

interface Script {
  load(options?: { readonly threads: 1 }): Promise<LoadedNetwork>;
}

/**
 * Runs the generated scripts of a network on all its threads and on one, and compares bit for bit. Returns the number of
 * threads used. Throws `verification` if a number differs.
 */
export async function verifyThreads(model: CompiledModel): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-threads-'));
  try {
    const files = Object.entries(compiledFiles(model));
    writeFilesAtomically(files.map(([name, contents]) => ({ path: join(folder, name), chunks: [contents] })));
    const { load } = (await import(pathToFileURL(join(folder, 'model.js')).href)) as Script;
    const [alone, together] = [await load({ threads: 1 }), await load()];
    for (const network of [alone, together]) runTwice(network, model);
    for (const { name } of model.network.outputs)
      if (!together.outputs[name]?.every((x, i) => Object.is(x, alone.outputs[name]?.[i])))
        throw differs(name);
    together.close();
    return together.threads;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs twice, since the memory left by one run must not affect the next. */
function runTwice({ inputs, run }: LoadedNetwork, { network }: CompiledModel): void {
  for (const [i, { name, shape }] of network.inputs.entries()) {
    const { data } = randomTensor({ name, dtype: 'float32', shape }, random(i));
    inputs[name]?.set(data as Float32Array);
  }
  run();
  run();
}

const differs = (where: string): EspalierError =>
  new EspalierError('verification', 'expected the same output on several threads as on one', { where });
