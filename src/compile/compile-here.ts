import { setFlagsFromString } from 'node:v8';
import type { Graph } from '../graph/graph.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Executor } from '../runtime/executor.ts';
import { supportedModules } from '../runtime/webassembly/instantiate.ts';
import { type CompiledModel, compileToWebAssembly, type ToWebAssemblyOptions } from './compile.ts';
import { compileDefaults as defaults } from './defaults.ts';
import { type Profile, profileNetwork } from './profile.ts';

export interface CompileHereOptions extends Omit<ToWebAssemblyOptions, 'executor'> {
  /** Time to measure the steps in; 0 leaves them unmeasured. Default 1. */
  readonly seconds?: number;
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
  const { executor = await defaultExecutor(), seconds = defaults.seconds } = options;
  const model = await compileToWebAssembly(network, { ...options, executor });
  const engine = `Node ${process.versions.node}, V8 ${process.versions.v8}`;
  const measured = { engine, module: ownModule, seconds };
  return { ...model, profile: seconds > 0 ? await profileNetwork(model.network, measured) : null };
}
