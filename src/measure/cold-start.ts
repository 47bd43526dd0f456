import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EspalierError } from '../errors.ts';
import type { InputFeeds } from '../graph/inputs/input-feeds.ts';
import { median } from '../numeric/statistics.ts';
import type { BindOptions } from './bind-shapes.ts';
import type { StartOrder, StartReply } from './cold-start-process.ts';
import { type ModelSource, type PreparedModel, prepareModels } from './prepared-model.ts';
import { stopIfAborted } from './rounds.ts';

/** The costs of a model in an engine that has just been started. */
export interface ColdStart {
  /** Milliseconds to create the session: reading, optimising, packing weights. */
  readonly loadMs: number;
  readonly firstRunMs: number;
  /**
   * In Node: peak resident memory minus resident memory before the model was loaded. In a browser: the size of the
   * WebAssembly heap.
   */
  readonly peakMemoryBytes: number;
}

/** Options of {@link coldStarts}. */
export interface ColdStartOptions extends BindOptions {
  /** Contents of inputs, by name; default: random. */
  readonly inputs?: InputFeeds | undefined;
  /** Threads within an operator; default 1. */
  readonly threads?: number;
  /** Fresh processes (or pages) per model, of which the median is reported; default 3. */
  readonly starts?: number;
  /** Runs after the first run, before memory is measured; default 5. */
  readonly runs?: number;
  /** Throws `interrupted` between starts once it is aborted. */
  readonly signal?: AbortSignal;
}

/** Measures one start of a model. */
type Start = (
  model: PreparedModel,
  options: { readonly threads: number; readonly runs: number },
) => Promise<ColdStart>;

/**
 * Measures cold starts of models in onnxruntime, and of compiled networks: each start in a new process, alternating between
 * models.
 *
 * @example
 * const [start] = await coldStarts(['model.onnx'], { starts: 5 });
 * console.log(start!.loadMs, start!.firstRunMs);
 */
export const coldStarts = (
  models: readonly ModelSource[],
  options: ColdStartOptions = {},
): Promise<ColdStart[]> => coldStartsIn(startInProcess, models, options);

/** {@link coldStarts} for another engine. */
export async function coldStartsIn(
  start: Start,
  models: readonly ModelSource[],
  options: ColdStartOptions,
): Promise<ColdStart[]> {
  const { threads = 1, starts = 3, runs = 5, signal } = options;
  const prepared = prepareModels(models, options);
  const all: ColdStart[][] = prepared.map(() => []);
  for (let round = 0; round < starts; round++) {
    for (const [i, model] of prepared.entries()) {
      stopIfAborted(signal);
      all[i]!.push(await start(model, { threads, runs }));
    }
  }
  return all.map((rounds) => {
    const middle = (key: keyof ColdStart) => median(rounds.map((round) => round[key]));
    return {
      loadMs: middle('loadMs'),
      firstRunMs: middle('firstRunMs'),
      peakMemoryBytes: Math.round(middle('peakMemoryBytes')),
    };
  });
}

/** Bytes are first written to a file, since a user's process would read one. */
async function startInProcess(
  model: PreparedModel,
  options: { readonly threads: number; readonly runs: number },
): Promise<ColdStart> {
  const { inputs, told } = model;
  const shapes = inputs.map(([name, tensor]) => ({
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    contents: told.has(name) ? tensor : null,
  }));
  const ordered = { inputs: shapes, ...options };
  if ('folder' in model) return order({ kind: 'folder', path: resolve(model.folder), ...ordered });
  const { source } = model;
  if (typeof source === 'string') return order({ kind: 'file', path: resolve(source), ...ordered });
  const folder = mkdtempSync(join(tmpdir(), 'espalier-start-'));
  try {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, source);
    return await order({ kind: 'file', path, ...ordered });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function order(what: StartOrder): Promise<ColdStart> {
  const fromSources = import.meta.url.endsWith('.ts');
  const script = new URL(`./cold-start-process.${fromSources ? 'ts' : 'js'}`, import.meta.url);
  const child = fork(fileURLToPath(script), {
    execArgv: fromSources ? ['--import', sourceLoader()] : [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  return new Promise<ColdStart>((done, fail) => {
    child.once('message', (reply: StartReply) => {
      if ('failed' in reply) fail(new EspalierError('runtime', reply.failed));
      else done(reply);
    });
    child.once('error', fail);
    child.once('exit', (code, killed) =>
      fail(
        new EspalierError('runtime', `the process ended with ${killed ?? `code ${code}`}`, {
          where: what.path,
        }),
      ),
    );
    child.send(what);
  });
}

/** The loader for TypeScript sources, used in tests only. */
const sourceLoader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
