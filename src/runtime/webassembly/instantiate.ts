import { EspalierError } from '../../errors.ts';
import { elementCount } from '../../numeric/tensor.ts';
import type { CompiledNetwork, CompiledValue } from './compile.ts';
import { openModule } from './encoder/module.ts';

/** The part of the WebAssembly JavaScript API that is used here: the core is compiled without DOM types. */
interface WebAssemblyInterface {
  validate(bytes: Uint8Array): boolean;
  instantiate(bytes: Uint8Array): Promise<{ readonly instance: { readonly exports: unknown } }>;
}

interface NetworkExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  run(): void;
  step(index: number): void;
}

/** A compiled network in memory. Inputs and outputs are views of that memory; outputs are valid until the next run. */
export interface RunningNetwork {
  readonly inputs: Readonly<Record<string, Float32Array>>;
  readonly outputs: Readonly<Record<string, Float32Array>>;
  run(): void;
  /** Runs one step alone. */
  step(index: number): void;
}

/** A module of a network: with fused multiply-adds, or with plain SIMD. */
export type ModuleKind = keyof CompiledNetwork['modules'];

const moduleKinds: readonly ModuleKind[] = ['relaxed', 'baseline'];

/** The modules that this JavaScript engine can run, fastest first. */
export const supportedModules = (): ModuleKind[] =>
  moduleKinds.filter((kind) => webAssembly().validate(probeModule(kind)));

/** The fastest module that this JavaScript engine can run. Throws `runtime` if it has no SIMD. */
export function supportedModule(): ModuleKind {
  const [fastest] = supportedModules();
  if (fastest) return fastest;
  const message =
    'no WebAssembly SIMD in this engine: expected Chrome 91, Firefox 89, Safari 16.4, Node 16.4, or later';
  throw new EspalierError('runtime', message);
}

/** A minimal module of the given kind: an engine that accepts it can run networks of that kind. */
export function probeModule(kind: ModuleKind): Uint8Array {
  const module = openModule({ fused: kind === 'relaxed' });
  module.define({ parameters: [] }, (code) => {
    const sum = code.local('v128');
    code.multiplyAdd(sum, sum, sum);
  });
  return module.finish({ pages: 1 }, []);
}

/** Loads a compiled network, by default its fastest supported module. */
export async function instantiate(
  network: CompiledNetwork,
  kind: ModuleKind = supportedModule(),
): Promise<RunningNetwork> {
  const { memory, run, step } = await instantiateModule<NetworkExports>(network.modules[kind]);
  new Float32Array(memory.buffer).set(network.weights, network.weightsOffset / 4);
  const { buffer } = memory;
  return { inputs: viewsOf(network.inputs, buffer), outputs: viewsOf(network.outputs, buffer), run, step };
}

/** Inputs or outputs as views of a network's memory, by name. */
export const viewsOf = (
  values: readonly CompiledValue[],
  memory: ArrayBufferLike,
): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(
    values.map(({ name, shape, offset }) => [name, new Float32Array(memory, offset, elementCount(shape))]),
  );

/** The exports of a module. */
export async function instantiateModule<Exports>(bytes: Uint8Array): Promise<Exports> {
  const { instance } = await webAssembly().instantiate(bytes);
  return instance.exports as Exports;
}

const webAssembly = (): WebAssemblyInterface =>
  (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface }).WebAssembly;
