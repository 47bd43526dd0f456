import { assert, EspalierError } from '../../../errors.ts';
import {
  type Graph,
  makeConstant,
  type Node,
  nodeLabel,
  staticShape,
  type Value,
} from '../../../graph/graph.ts';
import { type Connections, connections } from '../../../graph/topology.ts';
import { type DataType, elementCount, filled, type TypedArray } from '../../../numeric/tensor.ts';
import type { Descriptor, Dnnl, PostOperation, Primitive, Role } from '../library/api.ts';
import type { Buffer, Instruction } from './memory-plan.ts';
import { stridesOf } from './strides.ts';

/** A tensor in one layout; descriptor null where the type is not float32: then it is plain. */
export interface Operand {
  readonly buffer: Buffer;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly descriptor: Descriptor | null;
  /** Seen as bytes, whatever the type and layout. */
  readonly asBytes?: boolean;
}

/** Where operands lie once memory is planned. */
export interface Memory {
  address(operand: Operand): bigint;
  /** The elements as they lie; row-major where the layout is plain. */
  view(operand: Operand): TypedArray;
}

/** An instruction, and how it becomes something to run. */
export interface LinkedInstruction extends Instruction {
  /** Runs in another engine, and has to be waited for. */
  readonly isForeign?: boolean;
  link(memory: Memory): () => void | Promise<void>;
}

export type Arguments = Readonly<Partial<Record<Role, Operand>>>;

/** The program under construction, as kernels see it. */
export interface Scope {
  readonly dnnl: Dnnl;
  readonly connections: Connections;
  /** Channels in a block of the layout that convolutions want. */
  readonly block: 8 | 16;
  /** The value in a layout, converted where it has another; in the one it has, or plain, where none is asked for. */
  read(value: Value, wanted?: Descriptor): Operand;
  /** The value row-major. */
  readPlain(value: Value): Operand;
  /** The layout the value has; null while it is free to choose. */
  layoutOf(value: Value): Descriptor | null;
  /** Declares the memory of a value that the next instruction computes. */
  write(value: Value, descriptor?: Descriptor | null): Operand;
  /** Declares that a value is the same bytes as an operand. */
  alias(value: Value, source: Operand): void;
  /** Declares that a value has been computed in an operand's memory. */
  settle(value: Value, operand: Operand): void;
  /** The value in a layout, in memory that no other value shares or overwrites between runs. */
  pinned(value: Value, layout: Descriptor): Operand;
  /** Memory that no value names. */
  scratch(label: string, descriptor: Descriptor): Operand;
  /** A vector of equal entries. */
  constant(length: number, entry: number): Operand;
  /** The same memory seen in another shape. */
  seen(operand: Operand, descriptor: Descriptor): Operand;
  plain(shape: readonly number[]): Descriptor;
  /** Blocked channels where there are enough of them, else row-major. */
  activation(shape: readonly number[]): Descriptor;
  run(primitive: Primitive, operands: Arguments, inPlace?: readonly (readonly [Operand, Operand])[]): void;
  /** A computation in JavaScript on row-major operands. */
  host(instruction: HostInstruction): void;
  emit(instruction: LinkedInstruction): void;
  /** A node that another one's kernel has computed along. */
  skip(node: Node): void;
  isSkipped(node: Node): boolean;
  isState(value: Value): boolean;
  /** Whether a value is among the graph's outputs. */
  isOutput(value: Value): boolean;
  onlyReader(value: Value): Node | null;
  /** What kernels of the forward pass leave for those of the backward pass. */
  readonly left: Map<Value, Leftover>;
}

/** What a forward kernel leaves for the backward one. */
export interface Leftover {
  readonly primitive: Primitive;
  readonly workspace: Operand | null;
  readonly node: Node;
}

export interface HostInstruction {
  readonly label: string;
  readonly reads: readonly Operand[];
  readonly writes: readonly Operand[];
  readonly inPlace?: readonly (readonly [Operand, Operand])[];
  readonly compute: (reads: readonly TypedArray[], writes: readonly TypedArray[]) => void;
}

/** What lowering gathers. */
export interface Lowered {
  readonly instructions: LinkedInstruction[];
  /** Run once, when the program is made: layouts of constants. */
  readonly setup: LinkedInstruction[];
  readonly copies: Map<Value, Operand[]>;
  readonly persistent: Buffer[];
}

/** At least one axis: oneDNN knows no scalars. */
export const dimsOf = (shape: readonly number[]): readonly number[] => (shape.length > 0 ? shape : [1]);

const bytesPerElement: Readonly<Partial<Record<DataType, number>>> = {
  float32: 4,
  float64: 8,
  int64: 8,
  uint64: 8,
  int32: 4,
  uint32: 4,
  int16: 2,
  uint16: 2,
  float16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Fewer channels than this lie row-major: blocks would mostly hold padding. */
const FEWEST_BLOCKED_CHANNELS = 8;

/** Opens the scope of a graph; `states` are the inputs that persist. */
export function openScope(
  graph: Graph,
  dnnl: Dnnl,
  { block, states }: { readonly block: 8 | 16; readonly states: ReadonlySet<Value> },
): Scope & Lowered {
  const links = connections(graph);
  const lowered: Lowered = { instructions: [], setup: [], copies: new Map(), persistent: [] };
  const { copies, persistent } = lowered;
  const plainCache = new Map<string, Descriptor>();
  const vectors = new Map<string, Value>();
  const skipped = new Set<Node>();

  const plain = (shape: readonly number[]): Descriptor => {
    const dims = dimsOf(shape);
    const key = dims.join();
    const known = plainCache.get(key) ?? dnnl.describe(dims, { strides: stridesOf(dims) });
    plainCache.set(key, known);
    return known;
  };
  const allocate = (label: string, bytes: number, lasting: boolean): Buffer => {
    const buffer: Buffer = { label, bytes, persistent: lasting, offset: -1 };
    if (lasting) persistent.push(buffer);
    return buffer;
  };
  const declare = (value: Value, descriptor: Descriptor | null, lasting: boolean): Operand => {
    const shape = staticShape(value);
    const dtype = value.dtype!;
    const bytes = descriptor?.bytes ?? elementCount(shape) * widthOf(value);
    const operand = { buffer: allocate(value.name, bytes, lasting), dtype, shape, descriptor };
    copies.set(value, [...(copies.get(value) ?? []), operand]);
    return operand;
  };
  const isLasting = (value: Value) => value.tensor !== null || states.has(value);
  /** The first copy of what no instruction computes: state in the layout that is asked for first, all else plain. */
  const first = (value: Value, wanted?: Descriptor): Operand => {
    const known = copies.get(value)?.[0];
    if (known) return known;
    assert(
      value.tensor !== null || !links.producer.has(value),
      `${value.name} is read before it is computed`,
    );
    if (value.dtype !== 'float32') return declare(value, null, isLasting(value));
    const own = dimsOf(staticShape(value));
    const takes = states.has(value) && wanted && sameList(wanted.dims, own);
    return declare(value, takes ? wanted : plain(own), isLasting(value));
  };
  const convert = (value: Value, source: Operand, wanted: Descriptor): Operand => {
    const constant = value.tensor !== null;
    const target: Operand = {
      ...source,
      buffer: allocate(`${value.name} (copy)`, wanted.bytes, constant),
      descriptor: wanted,
    };
    const primitive = required(dnnl, { kind: 'reorder', src: source.descriptor!, dst: wanted }, value.name);
    const list = constant ? lowered.setup : lowered.instructions;
    list.push(primitiveInstruction(dnnl, primitive, { src: source, dst: target }));
    copies.get(value)!.push(target);
    return target;
  };
  const read = (value: Value, wanted?: Descriptor): Operand => {
    const source = first(value, wanted);
    if (!wanted || !source.descriptor) return source;
    const fitting = copies.get(value)!.find(({ descriptor }) => dnnl.equal(descriptor!, wanted));
    if (fitting) return fitting;
    if (sameList(source.descriptor.dims, wanted.dims)) return convert(value, source, wanted);
    const rowMajor = read(value, plain(staticShape(value)));
    const reshaped = seen(rowMajor, plain(wanted.dims));
    return dnnl.equal(reshaped.descriptor!, wanted) ? reshaped : convert(value, reshaped, wanted);
  };
  const seen = (operand: Operand, descriptor: Descriptor): Operand => ({ ...operand, descriptor });

  return {
    ...lowered,
    dnnl,
    connections: links,
    block,
    left: new Map(),
    read,
    readPlain: (value) => (value.dtype === 'float32' ? read(value, plain(staticShape(value))) : read(value)),
    layoutOf: (value) => copies.get(value)?.[0]?.descriptor ?? null,
    write: (value, descriptor) =>
      declare(value, value.dtype === 'float32' ? (descriptor ?? plain(staticShape(value))) : null, false),
    alias(value, source) {
      const shape = staticShape(value);
      const descriptor = source.descriptor && plain(shape);
      copies.set(value, [{ ...source, shape, descriptor }]);
    },
    settle: (value, operand) => void copies.set(value, [operand]),
    pinned(value, layout) {
      const source = read(value, layout);
      if (!source.buffer.persistent) {
        source.buffer.persistent = true;
        return source;
      }
      const target = {
        ...source,
        buffer: allocate(`${value.name} (own copy)`, layout.bytes, true),
        descriptor: layout,
      };
      const primitive = required(dnnl, { kind: 'reorder', src: layout, dst: layout }, value.name);
      lowered.instructions.push(primitiveInstruction(dnnl, primitive, { src: source, dst: target }));
      return target;
    },
    scratch: (label, descriptor) => ({
      buffer: allocate(label, descriptor.bytes, false),
      dtype: 'float32',
      shape: descriptor.dims,
      descriptor,
    }),
    constant(length, entry) {
      const key = `${entry}×${length}`;
      const known = vectors.get(key) ?? makeConstant(key, filled([length], entry));
      vectors.set(key, known);
      return read(known);
    },
    seen,
    plain,
    activation(shape) {
      const blocked = shape.length >= 3 && shape.length <= 5 && shape[1]! >= FEWEST_BLOCKED_CHANNELS;
      return blocked ? dnnl.describe(shape, { channelBlock: block }) : plain(shape);
    },
    run(primitive, operands, inPlace = []) {
      lowered.instructions.push(primitiveInstruction(dnnl, primitive, operands, inPlace));
    },
    host(instruction) {
      lowered.instructions.push(hostInstruction(instruction));
    },
    emit: (instruction) => void lowered.instructions.push(instruction),
    skip: (node) => void skipped.add(node),
    isSkipped: (node) => skipped.has(node),
    isState: (value) => states.has(value),
    isOutput: (value) => (links.uses.get(value) ?? []).some(({ node }) => node === null),
    onlyReader(value) {
      const uses = links.uses.get(value) ?? [];
      return uses.length === 1 ? uses[0]!.node : null;
    },
  };
}

function widthOf(value: Value): number {
  const width = bytesPerElement[value.dtype!];
  if (width) return width;
  throw new EspalierError('unsupported', `oneDNN's executor takes no ${value.dtype}`, { where: value.name });
}

const sameList = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** The primitive of an operation; throws where oneDNN has none. */
export function required(
  dnnl: Dnnl,
  operation: Parameters<Dnnl['create']>[0],
  where: string,
  postOperations: readonly PostOperation[] = [],
): Primitive {
  const primitive = dnnl.create(operation, postOperations);
  if (primitive) return primitive;
  throw unsupported(operation.kind, where);
}

/** What to say where oneDNN has no kernel. */
export const unsupported = (kind: string, where: string): EspalierError =>
  new EspalierError('unsupported', `oneDNN has no ${kind} for it: use --executor onnxruntime`, { where });

const outputRoles: ReadonlySet<string> = new Set([
  'dst',
  'mean',
  'variance',
  'workspace',
  'diffSrc',
  'diffWeights',
  'diffScale',
  'diffShift',
]);

function primitiveInstruction(
  dnnl: Dnnl,
  primitive: Primitive,
  operands: Arguments,
  inPlace: readonly (readonly [Operand, Operand])[] = [],
): LinkedInstruction {
  const backward = primitive.kind.endsWith('Backward');
  const list = Object.entries(operands) as [Role, Operand][];
  const isOutput = (role: Role) =>
    outputRoles.has(role) &&
    !(backward && (role === 'mean' || role === 'variance' || role === 'workspace' || role === 'dst'));
  return {
    label: `${primitive.kind} ${primitive.implementation}`,
    reads: list.filter(([role]) => !isOutput(role)).map(([, { buffer }]) => buffer),
    writes: list.filter(([role]) => isOutput(role)).map(([, { buffer }]) => buffer),
    inPlace: inPlace.map(([written, read]) => [written.buffer, read.buffer] as const),
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

function hostInstruction({
  label,
  reads,
  writes,
  inPlace = [],
  compute,
}: HostInstruction): LinkedInstruction {
  return {
    label,
    reads: reads.map(({ buffer }) => buffer),
    writes: writes.map(({ buffer }) => buffer),
    inPlace: inPlace.map(([written, read]) => [written.buffer, read.buffer] as const),
    link(memory) {
      const [inputs, outputs] = [reads.map(memory.view), writes.map(memory.view)];
      return () => compute(inputs, outputs);
    },
  };
}

/** `conv1 (Conv)` */
export const whereOf = (node: Node): string => nodeLabel(node);
