import { expect, it } from 'vitest';
import type { Code, LocalsOf } from '../../../../src/runtime/webassembly/encoder/code.ts';
import { openModule } from '../../../../src/runtime/webassembly/encoder/module.ts';

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  run(argument?: number): void;
}

/** The part of the engine that is used here; these types know no DOM. */
const { WebAssembly: engine } = globalThis as unknown as {
  readonly WebAssembly: {
    instantiate(bytes: Uint8Array): Promise<{ readonly instance: { readonly exports: Exports } }>;
  };
};

/** A module of one function of a number, in this engine. */
async function ran(write: (code: Code, parameters: LocalsOf<readonly ['i32']>) => void): Promise<Exports> {
  const module = openModule({ fused: false });
  module.export('run', module.define({ parameters: ['i32'] }, write));
  const { instance } = await engine.instantiate(module.finish({ pages: 1 }, []));
  return instance.exports;
}

const words = ({ memory }: Exports, count: number): number[] => [...new Int32Array(memory.buffer, 0, count)];
const floats = ({ memory }: Exports, count: number): number[] => [
  ...new Float32Array(memory.buffer, 0, count),
];

it('writes the bytes of the specification', () => {
  const module = openModule({ fused: false });
  const answer = module.define({ parameters: ['i32'] }, (code, [at]) => {
    code.get(at);
    code.i32(42);
    code.memory('i32.store', 8);
  });
  module.export('f', answer);
  expect([...module.finish({ pages: 1 }, [{ offset: 4, bytes: Uint8Array.of(9) }])]).toEqual([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // Types: one function of an i32 without results.
    ...[1, 5, 1, 0x60, 1, 0x7f, 0],
    // Functions: one of type 0. Memory: one page.
    ...[3, 2, 1, 0, 5, 3, 1, 0, 1],
    // Exports: f, memory.
    ...[7, 14, 2, 1, 0x66, 0, 0, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0],
    // Code: no locals; local.get 0, i32.const 42, i32.store align 2 offset 8, end.
    ...[10, 11, 1, 9, 0, 0x20, 0, 0x41, 42, 0x36, 2, 8, 0x0b],
    // Data: at i32.const 4, one byte.
    ...[11, 7, 1, 0, 0x41, 4, 0x0b, 1, 9],
  ]);
});

it('chooses one of several bodies', async () => {
  const chosen = await ran((code, [index]) => {
    code.get(index);
    code.choose(
      [10, 20, 30].map((value) => () => {
        code.i32(0);
        code.i32(value);
        code.memory('i32.store');
      }),
    );
  });
  for (const [index, value] of [
    [0, 10],
    [2, 30],
    [1, 20],
  ] as const) {
    chosen.run(index);
    expect(words(chosen, 1)).toEqual([value]);
  }
  // None for a number beyond the last.
  chosen.run(3);
  expect(words(chosen, 1)).toEqual([20]);
});

it('repeats while a number is left, and runs a body when one is', async () => {
  const counted = await ran((code, [count]) => {
    const at = code.local('i32');
    code.repeatWhile(() => {
      code.get(count);
      code.i32(2);
      code.op('i32.rem_u');
      code.when(() => {
        code.get(at);
        code.get(count);
        code.memory('i32.store');
        code.increment(at, 4);
      });
      code.increment(count, -1);
      code.get(count);
    });
  });
  counted.run(6);
  expect(words(counted, 4)).toEqual([5, 3, 1, 0]);
});

it('shuffles, replaces and multiplies lanes', async () => {
  const vectors = await ran((code) => {
    const [sum, factor] = [code.local('v128'), code.local('v128')];
    code.lanes([1, 2, 3, 4]);
    code.set(factor);
    code.f32x4(10);
    code.set(sum);
    code.multiplyAdd(factor, factor, sum);
    code.i32(0);
    code.get(sum);
    code.get(factor);
    code.shuffle([3, 0, 4, 7]);
    code.memory('v128.store');
    code.i32(16);
    code.get(sum);
    code.extractLane(2);
    code.memory('f32.store');
  });
  vectors.run();
  expect(floats(vectors, 5)).toEqual([26, 11, 1, 4, 19]);
});
