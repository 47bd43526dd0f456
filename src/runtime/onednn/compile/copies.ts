import { assert, EspalierError } from '../../../errors.ts';
import { staticShape, type Value } from '../../../graph/graph.ts';
import { byteWidth, type DataType, elementCount } from '../../../numeric/tensor.ts';
import { exchangedTypes } from '../../executor.ts';
import type { Buffer } from '../../memory-plan.ts';
import type { Descriptor, Dnnl } from '../library/api.ts';
import { dimsOf, type Layouts } from './layouts.ts';
import { type LinkedInstruction, type NativeOperand, type Operand, primitiveInstruction } from './operand.ts';
import { requiredPrimitive } from './primitives.ts';

/** The copies of each value in memory, by layout. */
export interface Copies {
  /** The value in the wanted layout, converted if necessary. Default: its existing layout, or row-major. */
  read(value: Value, wanted?: Descriptor): Operand;
  readPlain(value: Value): Operand;
  /** The layout of the value; null if it has none yet. */
  layoutOf(value: Value): Descriptor | null;
  /** Declares the memory of a value that the next instruction computes; row-major by default. */
  write(value: Value, descriptor?: Descriptor): Operand;
  /** Declares that a value consists of the bytes of an operand, with its own shape. */
  alias(value: Value, source: Operand): void;
  /** Declares that a value has been computed in an operand's memory. */
  settle(value: Value, operand: Operand): void;
  /** The value in a layout, in memory that keeps its contents and is not shared with other values. */
  pinned(value: Value, layout: Descriptor): Operand;
  /** Memory without a value. */
  scratch(label: string, descriptor: Descriptor): NativeOperand;
}

interface CopyTarget {
  readonly dnnl: Dnnl;
  readonly layouts: Layouts;
  readonly isState: (value: Value) => boolean;
  readonly instructions: LinkedInstruction[];
  /** Run once, when the program is created: converts constants to their layouts. */
  readonly setup: LinkedInstruction[];
  readonly copies: Map<Value, Operand[]>;
}

export function openCopies({ dnnl, layouts, isState, instructions, setup, copies }: CopyTarget): Copies {
  const { plain } = layouts;

  function declare(value: Value, descriptor: Descriptor | null): Operand {
    const [shape, dtype] = [staticShape(value), elementTypeOf(value)];
    const persistent = value.tensor !== null || isState(value);
    const bytes = descriptor?.bytes ?? elementCount(shape) * byteWidth(dtype);
    const operand = { buffer: makeBuffer(value.name, bytes, persistent), dtype, shape, descriptor };
    keep(value, operand);
    return operand;
  }

  function keep(value: Value, operand: Operand): void {
    copies.set(value, [...(copies.get(value) ?? []), operand]);
  }

  /**
   * The first copy of a value that no instruction computes: state in the layout that is requested first, others row-major.
   */
  function first(value: Value, wanted?: Descriptor): Operand {
    const known = copies.get(value)?.[0];
    if (known) return known;
    if (value.dtype !== 'float32') return declare(value, null);
    const shape = staticShape(value);
    const isFree = isState(value) && wanted && wanted.dims.join() === dimsOf(shape).join();
    return declare(value, isFree ? wanted : plain(shape));
  }

  function convert(value: Value, source: NativeOperand, wanted: Descriptor): Operand {
    const isConstant = value.tensor !== null;
    const buffer = makeBuffer(`${value.name} (copy)`, wanted.bytes, isConstant);
    const target = { ...source, buffer, descriptor: wanted };
    append(isConstant ? setup : instructions, source, target);
    keep(value, target);
    return target;
  }

  function append(list: LinkedInstruction[], src: NativeOperand, dst: NativeOperand): void {
    const operation = { kind: 'reorder', src: src.descriptor, dst: dst.descriptor } as const;
    const primitive = requiredPrimitive(dnnl, operation, { where: src.buffer.label });
    list.push(primitiveInstruction(dnnl, { primitive, operands: { src, dst } }));
  }

  function read(value: Value, wanted?: Descriptor): Operand {
    const source = first(value, wanted);
    if (!wanted || !isNative(source)) return source;
    const fitting = copies.get(value)?.find((copy) => isNative(copy) && dnnl.equal(copy.descriptor, wanted));
    if (fitting) return fitting;
    if (source.descriptor.dims.join() === wanted.dims.join()) return convert(value, source, wanted);
    // With other axes, as for grouped weights, only row-major bytes have the same meaning.
    const reshaped = { ...read(value, plain(staticShape(value))), descriptor: plain(wanted.dims) };
    return dnnl.equal(reshaped.descriptor, wanted) ? reshaped : convert(value, reshaped, wanted);
  }

  return {
    read,
    readPlain: (value) => read(value, value.dtype === 'float32' ? plain(staticShape(value)) : undefined),
    layoutOf: (value) => copies.get(value)?.[0]?.descriptor ?? null,
    write(value, descriptor) {
      assert(!copies.has(value), `${value.name} is computed once`);
      return declare(value, value.dtype === 'float32' ? (descriptor ?? plain(staticShape(value))) : null);
    },
    alias(value, source) {
      const shape = staticShape(value);
      copies.set(value, [{ ...source, shape, descriptor: source.descriptor && plain(shape) }]);
    },
    settle: (value, operand) => void copies.set(value, [operand]),
    pinned(value, layout) {
      const source = read(value, layout);
      assert(isNative(source), `${value.name} is of float32`);
      if (!source.buffer.persistent) {
        source.buffer.persistent = true;
        return source;
      }
      const buffer = makeBuffer(`${value.name} (own copy)`, layout.bytes, true);
      const target = { ...source, buffer, descriptor: layout };
      append(instructions, source, target);
      return target;
    },
    scratch(label, descriptor) {
      const buffer = makeBuffer(label, descriptor.bytes, false);
      return { buffer, dtype: 'float32', shape: descriptor.dims, descriptor };
    },
  };
}

const isNative = (operand: Operand): operand is NativeOperand => operand.descriptor !== null;

const makeBuffer = (label: string, bytes: number, persistent: boolean): Buffer => ({
  label,
  bytes,
  persistent,
  offset: -1,
});

function elementTypeOf({ name, dtype }: Value): Exclude<DataType, 'string'> {
  if (dtype && dtype !== 'string' && exchangedTypes.has(dtype)) return dtype;
  throw new EspalierError('unsupported', `oneDNN's executor does not support ${dtype ?? 'unknown type'}`, {
    where: name,
  });
}
