import { setFlagsFromString } from 'node:v8';
import type { Graph } from '../graph/graph.ts';
import { openTimings } from '../measure/timings.ts';
import { expectOptions, numberIn, oneOf } from '../option-schemas.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { type CompiledModel, compileToWebAssembly, type ToWebAssemblyOptions } from './compile.ts';
import { compileDefaults as defaults, type TuningName, tuningNames } from './defaults.ts';
import { openCompiledEngine, ownModule } from './engines.ts';
import { type Profile, profileNetwork } from './profile.ts';
import { tuneTiles } from './tune.ts';
import { verifyThreads } from './verify-threads.ts';

export interface CompileHereOptions extends Omit<ToWebAssemblyOptions, 'executor' | 'chooseTiles'> {
  /**
   * Seconds spent on timing the steps: in the engine that tunes the tiles, else in this Node process. 0 skips it. Default 1.
   */
  readonly seconds?: number;
  /** The engine in which candidate tiles of convolutions are timed; `none` predicts the fastest. Default `none`. */
  readonly tune?: TuningName;
  /** Default: onnxruntime. */
  readonly executor?: Executor;
}

export interface CompiledHere extends CompiledModel {
  /** The measured time of each step; null if `seconds` is 0. */
  readonly profile: Profile | null;
}

/** Enables relaxed SIMD, which Node 20 has behind a flag, so that both modules can be verified and timed. */
function enableRelaxedSimd(): void {
  if (ownModule !== 'relaxed') setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/**
 * Compiles a network to WebAssembly like {@link compileToWebAssembly}, with constants evaluated and results verified in
 * onnxruntime by default, and times its steps. {@link writeCompiled} writes the result into a folder.
 *
 * @example
 * writeCompiled(await compile(readModelFile('model.onnx')), 'compiled');
 */
export async function compile(
  network: Graph | NetworkForms,
  options: CompileHereOptions = {},
): Promise<CompiledHere> {
  expectOptions<CompileHereOptions>({ seconds: numberIn(0), tune: oneOf(tuningNames) }, options);
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

/** Verifies a model, including its threaded modules if it has any. */
async function withThreads(model: CompiledModel): Promise<CompiledModel['verification']> {
  const { verification, network } = model;
  if (!verification || !network.threaded) return verification;
  return { ...verification, threads: await verifyThreads(model) };
}
