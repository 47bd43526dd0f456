import { setFlagsFromString } from 'node:v8';
import type { Graph } from '../graph/graph.ts';
import { openTimings } from '../measure/timings.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type CompiledModel, compileToWebAssembly, type ToWebAssemblyOptions } from './compile.ts';
import { compileDefaults as defaults, type TuningName } from './defaults.ts';
import { openCompiledEngine, ownModule } from './engines.ts';
import { type Profile, profileNetwork } from './profile.ts';
import { tuneTiles } from './tune.ts';
import { verifyThreads } from './verify-threads.ts';

export interface CompileHereOptions extends Omit<ToWebAssemblyOptions, 'executor' | 'chooseTiles'> {
  /** Time to measure the steps in, where tiles are timed, else in this Node; 0 leaves them unmeasured. Default 1. */
  readonly seconds?: number;
  /** Where the tiles of convolutions are timed; `none` predicts them. Default `none`. */
  readonly tune?: TuningName;
  /** Default: onnxruntime. */
  readonly executor?: Executor;
}

export interface CompiledHere extends CompiledModel {
  /** How long each step takes; null where nothing was measured. */
  readonly profile: Profile | null;
}

/** Node 20 has relaxed SIMD behind a flag, without which the faster module could not be compared. */
function enableRelaxedSimd(): void {
  if (ownModule !== 'relaxed') setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/**
 * Compiles a network to WebAssembly, as {@link compileToWebAssembly} does, and compares it with onnxruntime.
 *
 * @example
 * writeCompiled(await compile(readModelFile('model.onnx')), 'compiled');
 */
export async function compile(
  network: Graph | NetworkForms,
  options: CompileHereOptions = {},
): Promise<CompiledHere> {
  enableRelaxedSimd();
  const { seconds = defaults.seconds, tune = defaults.tune } = options;
  const executor = options.executor ?? (await defaultExecutor());
  const engine = await openCompiledEngine[tune === 'none' ? 'node' : tune]();
  const tuned = { chooseTiles: (graph: Graph) => tuneTiles(graph, { ...engine, timings: openTimings() }) };
  try {
    const model = await compileToWebAssembly(network, {
      ...{ ...options, executor },
      ...(tune !== 'none' && tuned),
    });
    const profile = seconds > 0 ? await profileNetwork(model.network, engine, seconds) : null;
    return { ...model, verification: await withThreads(model), profile };
  } finally {
    await engine.close();
  }
}

/** The verification of a model, on several threads, too, where it was compiled for them. */
async function withThreads(model: CompiledModel): Promise<CompiledModel['verification']> {
  const { verification, network } = model;
  if (!verification || !network.threaded) return verification;
  return { ...verification, threads: await verifyThreads(model) };
}
