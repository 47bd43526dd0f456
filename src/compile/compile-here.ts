import { setFlagsFromString } from 'node:v8';
import type { Graph } from '../graph/graph.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { supportedModules } from '../runtime/webassembly/instantiate.ts';
import { type CompiledModel, compileToWebAssembly, type ToWebAssemblyOptions } from './compile.ts';
import { compileDefaults as defaults, type TuningName } from './defaults.ts';
import { type Profile, profileNetwork } from './profile.ts';
import { tuneTiles } from './tune.ts';
import { nodeEngine, withTuner } from './tuners.ts';

export interface CompileHereOptions extends Omit<ToWebAssemblyOptions, 'executor' | 'chooseTiles'> {
  /** Time to measure the steps in; 0 leaves them unmeasured. Default 1. */
  readonly seconds?: number;
  /** Where the tiles of convolutions are timed; `none` predicts them. Default `none`. */
  readonly tune?: TuningName;
  /** Default: onnxruntime. */
  readonly executor?: Executor;
}

export interface CompiledHere extends CompiledModel {
  /** How long each step takes here; null where nothing was measured. */
  readonly profile: Profile | null;
}

/** What this Node runs by itself. */
const [ownModule = 'baseline'] = supportedModules();

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
  const model = await withTuner(tune, (tuner) =>
    compileToWebAssembly(network, {
      ...options,
      executor,
      ...(tuner && { chooseTiles: (graph) => tuneTiles(graph, tuner) }),
    }),
  );
  const measured = { engine: nodeEngine, module: ownModule, seconds };
  return { ...model, profile: seconds > 0 ? await profileNetwork(model.network, measured) : null };
}
