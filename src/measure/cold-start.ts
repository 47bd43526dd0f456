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
import { stopIfAborted } from './latency.ts';
import { type ModelSource, type PreparedModel, prepareModels } from './prepared-model.ts';

/** What a model costs before it is warm, in an engine that has just been started. */
export interface ColdStart {
  /** Creating the session: reading, optimising, packing weights. */
  readonly loadMs: number;
  readonly firstRunMs: number;
  /** Node: the most resident memory, less what was resident before the model. Web: the heap of WebAssembly, all of it. */
  readonly peakMemoryBytes: number;
}

/** Options of measuring cold starts. */
export interface ColdStartOptions extends BindOptions {
  /** What inputs are fed with, by name; default: random contents. */
  readonly inputs?: InputFeeds | undefined;
  /** Threads within an operator; default 1. */
  readonly threads?: number;
  /** Fresh processes (or pages) a model, of which the median is taken; default 3. */
  readonly starts?: number;
  /** Runs after the first, before memory is read; default 5. */
  readonly runs?: number;
  /** Stops between starts by EspalierError('interrupted'). */
  readonly signal?: AbortSignal;
}

/** Starts a model once. */
type Start = (
  model: PreparedModel,
  options: { readonly threads: number; readonly runs: number },
) => Promise<ColdStart>;

/**
 * Cold starts of models in onnxruntime, and of compiled networks, each in a process of its own, the models in turns.
 *
 * @example
 * const [start] = await coldStarts(['model.onnx'], { starts: 5 });
 * console.log(start!.loadMs, start!.firstRunMs);
 */
export const coldStarts = (
  models: readonly ModelSource[],
  options: ColdStartOptions = {},
): Promise<ColdStart[]> => coldStartsIn(startInProcess, models, options);

/** {@link coldStarts} in another engine. */
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

/** Bytes are written to a file first: a user's process reads one. */
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

/** tsx, in tests. */
const sourceLoader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
