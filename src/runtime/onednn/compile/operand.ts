import type { DataType, TypedArray } from '../../../numeric/tensor.ts';
import type { Buffer, Instruction } from '../../memory-plan.ts';
import type { Descriptor, Dnnl, Primitive, Role } from '../library/api.ts';

/** A tensor in one layout; the descriptor is null for types other than float32, which are row-major. */
export interface Operand {
  readonly buffer: Buffer;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly descriptor: Descriptor | null;
  /** Whether elementwise code may process all elements in memory order, including padding. */
  readonly isRaw?: boolean;
}

/** A float32 tensor in a oneDNN layout. */
export interface NativeOperand extends Operand {
  readonly descriptor: Descriptor;
}

/** The memory of operands, after it has been planned. */
export interface Memory {
  address(operand: Operand): bigint;
  /** The elements: row-major if the layout is, else in memory order. */
  view(operand: Operand): TypedArray;
}

/** An instruction, and a function that makes it executable. */
export interface LinkedInstruction extends Instruction {
  /** Whether it runs in another engine and must be awaited. */
  readonly isForeign?: boolean;
  link(memory: Memory): () => void | Promise<void>;
}

export type Arguments = Readonly<Partial<Record<Role, Operand>>>;
export type InPlace = readonly (readonly [written: Operand, read: Operand])[];

type Operands = readonly Operand[];
type Views<T extends Operands> = { readonly [I in keyof T]: TypedArray };

/** A computation in JavaScript on the elements of its operands. */
export interface HostInstruction<R extends Operands, W extends Operands> {
  readonly label: string;
  readonly reads: R;
  readonly writes: W;
  readonly inPlace?: InPlace;
  readonly compute: (reads: Views<R>, writes: Views<W>) => void;
}

const buffersOf = (operands: readonly Operand[]): Buffer[] => operands.map(({ buffer }) => buffer);
const pairsOf = (inPlace: InPlace) =>
  inPlace.map(([written, read]) => [written.buffer, read.buffer] as const);

export function hostInstruction<const R extends Operands, const W extends Operands>({
  label,
  reads,
  writes,
  inPlace = [],
  compute,
}: HostInstruction<R, W>): LinkedInstruction {
  return {
    label,
    reads: buffersOf(reads),
    writes: buffersOf(writes),
    inPlace: pairsOf(inPlace),
    link(memory) {
      const [inputs, outputs] = [reads.map(memory.view), writes.map(memory.view)];
      return () => compute(inputs as Views<R>, outputs as Views<W>);
    },
  };
}

const alwaysWritten: ReadonlySet<Role> = new Set(['diffSrc', 'diffWeights', 'diffScale', 'diffShift']);
const writtenForward: ReadonlySet<Role> = new Set(['dst', 'mean', 'variance', 'workspace']);

export function primitiveInstruction(
  dnnl: Dnnl,
  { primitive, operands }: { readonly primitive: Primitive; readonly operands: Arguments },
  inPlace: InPlace = [],
): LinkedInstruction {
  const isBackward = primitive.kind.includes('Backward');
  const list = Object.entries(operands) as [Role, Operand][];
  const isWritten = (role: Role) => alwaysWritten.has(role) || (!isBackward && writtenForward.has(role));
  const buffers = (written: boolean) =>
    list.flatMap(([role, { buffer }]) => (isWritten(role) === written ? [buffer] : []));
  return {
    label: `${primitive.kind} ${primitive.implementation}`,
    reads: buffers(false),
    writes: buffers(true),
    inPlace: pairsOf(inPlace),
    link: (memory) =>
      dnnl.bind(
        primitive,
        list.map(([role, operand]) => ({
          role,
          descriptor: operand.descriptor!,
          address: memory.address(operand),
        })),
      ),
  };
}
