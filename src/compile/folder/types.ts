import type { CompiledValue } from '../../runtime/webassembly/compile.ts';
import type { CompiledModel } from '../compile.ts';

/** `model.d.ts`: names and shapes of inputs and outputs as types. */
export const modelTypes = ({ network }: CompiledModel): string => `/** A view of the network's memory. */
export interface NetworkValue<Shape extends readonly number[]> extends Float32Array {
  readonly name: string;
  readonly shape: Shape;
  /** Throws a RangeError where the length is another and no offset is given. */
  set(values: ArrayLike<number>, offset?: number): void;
}

export interface Network {
  /** Keep what is written from run to run. */
  readonly inputs: {
${members(network.inputs)}
  };
  /** Hold until the next run. */
  readonly outputs: {
${members(network.outputs)}
  };
  /** Computes the outputs from the inputs. */
  run(): void;
  /** Runs one step of report.json alone. */
  step(index: number): void;
  /** Threads that compute: those that the network was compiled for where memory can be shared, else 1. */
  readonly threads: number;
  /** Ends the threads. */
  close(): void;
  /** Which module runs: model-relaxed.wasm, model.wasm, or the one that was given. */
  readonly module: 'relaxed' | 'baseline' | 'given';
}

export interface LoadOptions {
  /** Bytes of model.bin, or where they are; default: beside model.js. */
  readonly weights?: ArrayBuffer | ArrayBufferView | URL | string;
  /** Bytes of a module, where they are, or a WebAssembly.Module; default: beside model.js, model-relaxed.wasm where the engine can run it. */
  readonly wasm?: ArrayBuffer | ArrayBufferView | URL | string | object;
  /** 1 keeps a network that was compiled for several threads on this one. */
  readonly threads?: 1;
}

/** Loads the network. Throws an Error where the engine has no WebAssembly SIMD. */
export function load(options?: LoadOptions): Promise<Network>;
`;

const members = (values: readonly CompiledValue[]): string =>
  values
    .map(
      ({ name, shape }) =>
        `    readonly ${JSON.stringify(name)}: NetworkValue<readonly [${shape.join(', ')}]>;`,
    )
    .join('\n');
