import { type ByteWriter, openBytes } from './bytes.ts';
import {
  type LaneInstruction,
  laneInstructions,
  type MemoryInstruction,
  memoryInstructions,
  type PlainInstruction,
  plainInstructions,
} from './instructions.ts';

export type ValueType = 'i32' | 'f32' | 'v128';

export const valueTypes: { readonly [T in ValueType]: number } = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** A local variable or parameter of a function. */
export interface Local<T extends ValueType = ValueType> {
  readonly index: number;
  readonly type: T;
}

/** One local variable per type. */
export type LocalsOf<Types extends readonly ValueType[]> = {
  readonly [K in keyof Types]: Local<Types[K]>;
};

/** Appends the instructions of one function, in order of execution. */
export interface Code {
  local<T extends ValueType>(type: T): Local<T>;
  get(local: Local): void;
  set(local: Local): void;
  tee(local: Local): void;
  i32(value: number): void;
  i64(value: number): void;
  f32(value: number): void;
  /** Pushes a vector of four equal floats. */
  f32x4(value: number): void;
  lanes(values: readonly [number, number, number, number]): void;
  op(instruction: PlainInstruction): void;
  /**
   * Appends a load or store, which pops the address (for a store, first the value). `offset`, in bytes, is added to the
   * address.
   */
  memory(instruction: MemoryInstruction, offset?: number): void;
  lane(instruction: LaneInstruction, lane: number, offset?: number): void;
  /** Pops two vectors and pushes four of their eight floats, chosen by `lanes`. */
  shuffle(lanes: readonly [number, number, number, number]): void;
  extractLane(lane: number): void;
  replaceLane(lane: number): void;
  copyMemory(): void;
  fillMemory(): void;
  /** local ← local + value. */
  increment(local: Local<'i32'>, value: number): void;
  /** accumulator ← x · factor + accumulator; one fused instruction if the module uses relaxed SIMD. */
  multiplyAdd(x: Local<'v128'>, factor: Local<'v128'>, accumulator: Local<'v128'>): void;
  /** Pops x and factor, and adds their product to the accumulator. */
  multiplyAddTo(accumulator: Local<'v128'>): void;
  /** Repeats the body, which pushes a number, as long as that number is not 0. */
  repeatWhile(body: () => void): void;
  /** Pops a number and runs the body if it is not 0, else the other body. */
  when(body: () => void, otherwise?: () => void): void;
  call(callee: number): void;
  /** Pops a number i and runs body number i. */
  choose(bodies: readonly (() => void)[]): void;
}

const EMPTY_BLOCK = 0x40;

export interface WrittenCode {
  readonly code: Code;
  /** The encoded function body: declarations of locals and instructions. */
  finish(): Uint8Array;
}

/** Opens the body of a function with the given parameters. If `fused` is false, a multiply-add is two instructions. */
export function openCode<const Types extends readonly ValueType[]>(
  parameters: Types,
  fused: boolean,
): WrittenCode & { readonly parameters: LocalsOf<Types> } {
  const out = openBytes();
  const declared: ValueType[] = [];
  const code = codeOn(out, { fused, declare: (type) => parameters.length + declared.push(type) - 1 });
  return {
    code,
    parameters: parameters.map((type, index) => ({ index, type })) as LocalsOf<Types>,
    finish() {
      const whole = openBytes();
      const runs = runsOf(declared);
      whole.unsigned(runs.length);
      for (const [count, type] of runs) {
        whole.unsigned(count);
        whole.byte(valueTypes[type]);
      }
      whole.bytes(out.result());
      whole.byte(0x0b);
      return whole.result();
    },
  };
}

function runsOf(types: readonly ValueType[]): [number, ValueType][] {
  const runs: [number, ValueType][] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.[1] === type) last[0] += 1;
    else runs.push([1, type]);
  }
  return runs;
}

interface CodeSettings {
  readonly fused: boolean;
  declare(type: ValueType): number;
}

function codeOn(out: ByteWriter, { fused, declare }: CodeSettings): Code {
  const code: Code = {
    local: (type) => ({ index: declare(type), type }),
    get: ({ index }) => indexed(out, 0x20, index),
    set: ({ index }) => indexed(out, 0x21, index),
    tee: ({ index }) => indexed(out, 0x22, index),
    i32(value) {
      out.byte(0x41);
      out.signed(value);
    },
    i64(value) {
      out.byte(0x42);
      out.signed(value);
    },
    f32(value) {
      out.byte(0x43);
      out.float32(value);
    },
    f32x4: (value) => code.lanes([value, value, value, value]),
    lanes(values) {
      out.bytes([0xfd, 0x0c]);
      for (const value of values) out.float32(value);
    },
    op: (instruction) => out.bytes(plainInstructions[instruction]),
    memory(instruction, offset = 0) {
      const [encoding, alignment] = memoryInstructions[instruction];
      out.bytes(encoding);
      out.unsigned(alignment);
      out.unsigned(offset);
    },
    lane(instruction, lane, offset = 0) {
      out.bytes(laneInstructions[instruction]);
      out.unsigned(2);
      out.unsigned(offset);
      out.byte(lane);
    },
    shuffle(lanes) {
      out.bytes([0xfd, 0x0d]);
      for (const lane of lanes) out.bytes([4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
    },
    extractLane: (lane) => out.bytes([0xfd, 0x1f, lane]),
    replaceLane: (lane) => out.bytes([0xfd, 0x20, lane]),
    copyMemory: () => out.bytes([0xfc, 0x0a, 0, 0]),
    fillMemory: () => out.bytes([0xfc, 0x0b, 0]),
    increment(local, value) {
      code.get(local);
      code.i32(value);
      code.op('i32.add');
      code.set(local);
    },
    multiplyAdd(x, factor, accumulator) {
      code.get(x);
      code.get(factor);
      code.multiplyAddTo(accumulator);
    },
    multiplyAddTo(accumulator) {
      if (!fused) code.op('f32x4.mul');
      code.get(accumulator);
      code.op(fused ? 'f32x4.relaxed_madd' : 'f32x4.add');
      code.set(accumulator);
    },
    repeatWhile(body) {
      out.bytes([0x03, EMPTY_BLOCK]);
      body();
      out.bytes([0x0d, 0, 0x0b]);
    },
    when(body, otherwise) {
      out.bytes([0x04, EMPTY_BLOCK]);
      body();
      if (otherwise) {
        out.byte(0x05);
        otherwise();
      }
      out.byte(0x0b);
    },
    call: (callee) => indexed(out, 0x10, callee),
    choose: (bodies) => choose(out, code, bodies),
  };
  return code;
}

function indexed(out: ByteWriter, opcode: number, index: number): void {
  out.byte(opcode);
  out.unsigned(index);
}

/** Nested blocks: br_table to depth i ends the inner blocks, body i follows and branches out of the outermost. */
function choose(out: ByteWriter, code: Code, bodies: readonly (() => void)[]): void {
  const chosen = code.local('i32');
  code.set(chosen);
  for (let i = 0; i <= bodies.length; i++) out.bytes([0x02, EMPTY_BLOCK]);
  code.get(chosen);
  out.byte(0x0e);
  out.unsigned(bodies.length);
  for (let i = 0; i <= bodies.length; i++) out.unsigned(i);
  bodies.forEach((body, i) => {
    out.byte(0x0b);
    body();
    indexed(out, 0x0c, bodies.length - 1 - i);
  });
  out.byte(0x0b);
}
