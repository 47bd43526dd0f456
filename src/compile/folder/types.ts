import type { CompiledValue } from '../../runtime/webassembly/compile.ts';
import type { CompiledModel } from '../compile.ts';

/** `model.d.ts`: types with the names and shapes of inputs and outputs. */
export const modelTypes = ({ network }: CompiledModel): string => `/** A view of the network's memory. */
export interface NetworkValue<Shape extends readonly number[]> extends Float32Array {
  readonly name: string;
  readonly shape: Shape;
  /** Throws a RangeError if the length differs and no offset is given. */
  set(values: ArrayLike<number>, offset?: number): void;
}

export interface Network {
  /** Their contents are kept from run to run. */
  readonly inputs: {
${members(network.inputs)}
  };
  /** Valid until the next run. */
  readonly outputs: {
${members(network.outputs)}
  };
  /** Computes the outputs from the inputs. */
  run(): void;
  /** Runs one step, by its index in report.json. */
  step(index: number): void;
  /** Threads in use: as many as the network was compiled for if memory can be shared, else 1. */
  readonly threads: number;
  /** Terminates the threads. */
  close(): void;
  /** The module in use: model-relaxed.wasm, model.wasm, or one that was passed to load(). */
  readonly module: 'relaxed' | 'baseline' | 'given';
}

export interface LoadOptions {
  /** Bytes of model.bin, or its URL; default: the file beside model.js. */
  readonly weights?: ArrayBuffer | ArrayBufferView | URL | string;
  /**
   * Bytes of a module, its URL, or a WebAssembly.Module; default: the file beside model.js, model-relaxed.wasm if the engine
   * supports it.
   */
  readonly wasm?: ArrayBuffer | ArrayBufferView | URL | string | object;
  /** 1 runs a network that was compiled for several threads on one thread. */
  readonly threads?: 1;
}

/** Loads the network. Throws an Error if the engine has no WebAssembly SIMD. */
export function load(options?: LoadOptions): Promise<Network>;
`;

const members = (values: readonly CompiledValue[]): string =>
  values
    .map(
      ({ name, shape }) =>
        `    readonly ${JSON.stringify(name)}: NetworkValue<readonly [${shape.join(', ')}]>;`,
    )
    .join('\n');
