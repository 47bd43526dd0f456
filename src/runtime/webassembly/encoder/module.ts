import { type ByteWriter, openBytes } from './bytes.ts';
import { type Code, type LocalsOf, openCode, type ValueType, valueTypes } from './code.ts';

/** A function of a module: its index and signature. */
export interface FunctionHandle {
  readonly index: number;
}

export interface FunctionSignature<Types extends readonly ValueType[] = readonly ValueType[]> {
  readonly parameters: Types;
  readonly results?: readonly ValueType[];
}

/** Initial contents of a part of memory. */
export interface DataSegment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Builds a WebAssembly module: functions, one memory, data. */
export interface ModuleWriter {
  /** Whether a multiply-add is one fused instruction. */
  readonly fused: boolean;
  define<const Types extends readonly ValueType[]>(
    signature: FunctionSignature<Types>,
    write: (code: Code, parameters: LocalsOf<Types>) => void,
  ): FunctionHandle;
  export(name: string, handle: FunctionHandle): void;
  /**
   * The module's bytes. `pages` is the size of its memory in units of 64 KiB. A shared memory, for threads, is imported as
   * `env.memory`; otherwise the module exports its own.
   */
  finish(
    memory: { readonly pages: number; readonly isShared?: boolean },
    data: readonly DataSegment[],
  ): Uint8Array;
}

const sections = { type: 1, import: 2, function: 3, memory: 5, export: 7, code: 10, data: 11 } as const;

/** Opens a module; `fused` selects the fused multiply-add of relaxed SIMD. */
export function openModule({ fused }: { readonly fused: boolean }): ModuleWriter {
  const types: string[] = [];
  const functions: { type: number; body: Uint8Array }[] = [];
  const exported: { name: string; index: number }[] = [];
  const typeOf = (signature: FunctionSignature): number => {
    const key = encodedType(signature);
    const known = types.indexOf(key);
    return known < 0 ? types.push(key) - 1 : known;
  };
  return {
    fused,
    define(signature, write) {
      const { code, parameters, finish } = openCode(signature.parameters, fused);
      write(code, parameters);
      return { index: functions.push({ type: typeOf(signature), body: finish() }) - 1 };
    },
    export: (name, { index }) => void exported.push({ name, index }),
    finish({ pages, isShared = false }, data) {
      const out = openBytes();
      out.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
      list(out, sections.type, types, (type, body) => body.bytes(type.split(',').map(Number)));
      list(out, sections.import, isShared ? [pages] : [], (count, body) => {
        body.text('env');
        body.text('memory');
        body.bytes([2, 3]);
        body.unsigned(count);
        body.unsigned(count);
      });
      list(out, sections.function, functions, ({ type }, body) => body.unsigned(type));
      list(out, sections.memory, isShared ? [] : [pages], (count, body) => {
        body.byte(0);
        body.unsigned(count);
      });
      const names = [
        ...exported.map((each) => ({ ...each, kind: 0 })),
        { name: 'memory', index: 0, kind: 2 },
      ];
      list(out, sections.export, names, ({ name, kind, index }, body) => {
        body.text(name);
        body.byte(kind);
        body.unsigned(index);
      });
      list(out, sections.code, functions, ({ body: bytes }, body) => {
        body.unsigned(bytes.length);
        body.bytes(bytes);
      });
      list(out, sections.data, data, ({ offset, bytes }, body) => {
        body.bytes([0, 0x41]);
        body.signed(offset);
        body.byte(0x0b);
        body.unsigned(bytes.length);
        body.bytes(bytes);
      });
      return out.result();
    },
  };
}

const encodedType = ({ parameters, results = [] }: FunctionSignature): string =>
  [
    0x60,
    parameters.length,
    ...parameters.map((type) => valueTypes[type]),
    results.length,
    ...results.map((type) => valueTypes[type]),
  ].join(',');

function list<T>(
  out: ByteWriter,
  section: number,
  items: readonly T[],
  write: (item: T, body: ByteWriter) => void,
): void {
  if (items.length === 0) return;
  out.byte(section);
  out.sized((body) => {
    body.unsigned(items.length);
    for (const item of items) write(item, body);
  });
}
