import type { Code, LocalsOf, ValueType } from './encoder/code.ts';
import type { FunctionHandle, FunctionSignature, ModuleWriter } from './encoder/module.ts';

/** Writes the code of steps into a module, after memory has been planned. */
export interface Emitter {
  /** A function of the module. It is written once per key and reused. */
  kernel<const Types extends readonly ValueType[]>(
    key: string,
    signature: FunctionSignature<Types>,
    write: (code: Code, parameters: LocalsOf<Types>) => void,
  ): FunctionHandle;
  /** The address of a table of 32-bit integers that is part of the module's initial memory. */
  table(entries: readonly number[]): number;
}

/** Opens an emitter that places tables from `tablesOffset` on. */
export function openEmitter(module: ModuleWriter, tablesOffset: number): Emitter & { tables(): Uint8Array } {
  const kernels = new Map<string, FunctionHandle>();
  const addresses = new Map<string, number>();
  const entries: number[] = [];
  return {
    kernel(key, signature, write) {
      const known = kernels.get(key);
      if (known) return known;
      const made = module.define(signature, write);
      kernels.set(key, made);
      return made;
    },
    table(list) {
      const key = list.join();
      const known = addresses.get(key);
      if (known !== undefined) return known;
      const address = tablesOffset + 4 * entries.length;
      addresses.set(key, address);
      for (const entry of list) entries.push(entry);
      return address;
    },
    tables: () => new Uint8Array(Int32Array.from(entries).buffer),
  };
}
