import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EspalierError } from '../errors.ts';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import type { Tensor } from '../numeric/tensor.ts';
import type { WebPage } from '../runtime/onnxruntime-web/index.ts';
import type { CompiledNetwork } from '../runtime/webassembly/compile.ts';
import { instantiate, type ModuleKind, type RunningNetwork } from '../runtime/webassembly/instantiate.ts';
import type { PreparedFolder } from './prepared-model.ts';
import type { Runner } from './rounds.ts';
import { stopwatch } from './stopwatch.ts';

/** A compiled network that is loaded into an engine and can be timed. */
export interface CompiledRunner extends Runner {
  /** Milliseconds to instantiate the module and copy its weights, without reading or downloading them. */
  readonly loadMs: number;
  /** Mean milliseconds of one step over n runs. */
  timeStep(step: number, n: number): Promise<number>;
}

/** Random inputs from a fixed seed, in the network's order. */
const randomInputsOf = ({ inputs }: CompiledNetwork): Tensor[] =>
  inputs.map(({ name, shape }, i) => randomTensor({ name, dtype: 'float32', shape }, random(i)));

/** Loads a compiled network into a page, with relaxed SIMD and random inputs. */
export async function openCompiledIn(page: WebPage, network: CompiledNetwork): Promise<CompiledRunner> {
  const { modules, weights, weightsOffset, inputs } = network;
  const { loadMs, timeCalls, close } = await page.instantiate(modules.relaxed, [
    { offset: weightsOffset, data: weights },
    ...randomInputsOf(network).map(({ data }, i) => ({ offset: inputs[i]!.offset, data })),
  ]);
  return {
    loadMs,
    time: (n) => timeCalls('run', 0, n),
    timeStep: (step, n) => timeCalls('step', step, n),
    close,
  };
}

/** Loads a compiled network into this process, with random inputs. */
export async function openCompiled(network: CompiledNetwork, kind?: ModuleKind): Promise<CompiledRunner> {
  const loading = stopwatch();
  const { inputs, run, step } = await instantiate(network, kind);
  const loadMs = loading();
  for (const [i, { data }] of randomInputsOf(network).entries())
    inputs[network.inputs[i]!.name]!.set(data as Float32Array);
  return {
    loadMs,
    time: async (n) => meanMs(run, n),
    timeStep: async (index, n) => meanMs(() => step(index), n),
    close: async () => {},
  };
}

/** Loads a compiled folder into this process; by default with as many threads as it was compiled for. */
export async function openFolder({ folder, inputs }: PreparedFolder, threads: number): Promise<Runner> {
  const network = await loadFolder(folder, threads);
  for (const [name, { data }] of inputs) network.inputs[name]!.set(data as Float32Array);
  return { time: async (n) => meanMs(network.run, n), close: async () => network.close() };
}

/** The network that the script of a compiled folder loads. */
interface FolderNetwork extends Pick<RunningNetwork, 'inputs' | 'run'> {
  close(): void;
}

/** Loads a compiled folder by its script. Throws `runtime` if loading fails. */
export async function loadFolder(folder: string, threads: number): Promise<FolderNetwork> {
  try {
    const script = (await import(pathToFileURL(join(folder, 'model.js')).href)) as {
      load(options: { readonly threads?: number }): Promise<FolderNetwork>;
    };
    return await script.load(threads === 1 ? { threads } : {});
  } catch (cause) {
    const reason = String((cause as Error).message).split('\n')[0]!;
    throw new EspalierError('runtime', `cannot be loaded: ${reason}`, { where: folder, cause });
  }
}

function meanMs(work: () => void, n: number): number {
  const elapsedMs = stopwatch();
  for (let i = 0; i < n; i++) work();
  return elapsedMs() / n;
}
