import type { DataType, TypedArray } from '../../../numeric/tensor.ts';
import type { Buffer, Instruction } from '../../memory-plan.ts';
import type { Descriptor, Dnnl, Primitive, Role } from '../library/api.ts';

/** A tensor in one layout; descriptor null where the type is not float32: then it is row-major. */
export interface Operand {
  readonly buffer: Buffer;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly descriptor: Descriptor | null;
  /** All elements as they lie, padding included, for what treats each alike. */
  readonly isRaw?: boolean;
}

/** A float32 tensor in a layout of oneDNN's. */
export interface NativeOperand extends Operand {
  readonly descriptor: Descriptor;
}

/** Where operands lie once memory is planned. */
export interface Memory {
  address(operand: Operand): bigint;
  /** The elements: row-major where the layout is, as they lie where it is not. */
  view(operand: Operand): TypedArray;
}

/** An instruction, and how it becomes something to run. */
export interface LinkedInstruction extends Instruction {
  /** Runs in another engine, and has to be waited for. */
  readonly isForeign?: boolean;
  link(memory: Memory): () => void | Promise<void>;
}

export type Arguments = Readonly<Partial<Record<Role, Operand>>>;
export type InPlace = readonly (readonly [written: Operand, read: Operand])[];

type Operands = readonly Operand[];
type Views<T extends Operands> = { readonly [I in keyof T]: TypedArray };

/** A computation in JavaScript, on the elements of each operand. */
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
