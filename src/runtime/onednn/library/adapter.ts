import type {
  Bound,
  Descriptor,
  Dnnl,
  Format,
  Operation,
  PostOperation,
  Primitive,
  QueriedRole,
} from './api.ts';
import { int64Array } from './arguments.ts';
import { type Native, nativeFunctions, type SharedFunctions, sharedDeclarations } from './functions.ts';
import { argumentOf, binaryAlgorithms, CPU, IN_ORDER, QUERY_IMPLEMENTATION, queries } from './numbers.ts';
import type { OpenedLibrary } from './open.ts';
import { check, created, UNIMPLEMENTED } from './status.ts';

/** The parts of the interface that differ between major versions of oneDNN. */
export interface Generation {
  readonly postOperationBase: number;
  /** Creates a native memory descriptor. */
  describe(dims: readonly number[], format: Format): unknown;
  /** The native descriptor of a part, and oneDNN's status. */
  part(whole: unknown, dims: BigInt64Array, offsets: BigInt64Array): { status: number; native: unknown };
  /** Reads the memory descriptor that a primitive descriptor contains; its dims are empty if there is none. */
  read(pointer: bigint): { readonly dims: readonly number[]; readonly native: unknown };
  /** Writes a primitive descriptor to `out`; returns oneDNN's status. */
  primitiveDescriptor(out: [bigint | null], operation: Operation, attributes: bigint | null): number;
  appendSum(list: bigint, scale: number): number;
  appendElementwise(list: bigint, operation: Extract<PostOperation, { kind: 'elementwise' }>): number;
  /** The operands to bind to a primitive, if they differ from those it uses. */
  operands(kind: Operation['kind'], given: readonly Bound[]): readonly Bound[];
}

/** What a version's implementation can use. */
export interface Host {
  readonly koffi: OpenedLibrary['koffi'];
  readonly library: OpenedLibrary['dnnl'];
  readonly dnnl: SharedFunctions;
  readonly engine: bigint;
  /** Registers a handle to be destroyed when the adapter is closed. */
  keep(destroy: Native, handle: bigint): bigint;
}

/** Opens oneDNN with the interface that all versions share. */
export function openAdapter(
  opened: OpenedLibrary,
  version: string,
  generationOf: (host: Host) => Generation,
): Dnnl {
  const { koffi, dnnl: library } = opened;
  const dnnl = nativeFunctions(library, sharedDeclarations);
  const setThreads = opened.openmp?.func('void omp_set_num_threads(int count)');
  const owned: [Native, bigint][] = [];
  const keep = (destroy: Native, handle: bigint): bigint => {
    owned.push([destroy, handle]);
    return handle;
  };
  const engine = keep(dnnl.engineDestroy, created('engine', dnnl.engineCreate, CPU, 0));
  const stream = keep(dnnl.streamDestroy, created('stream', dnnl.streamCreate, engine, IN_ORDER));
  const host: Host = { koffi, library, dnnl, engine, keep };
  const generation = generationOf(host);
  return {
    version,
    describe: (dims, format) => descriptor(dnnl, dims, generation.describe(dims, format)),
    equal: (a, b) => a === b || dnnl.descriptorEqual(a.native, b.native) === 1,
    part(whole, dims, offsets) {
      const { status, native } = generation.part(whole.native, int64Array(dims), int64Array(offsets));
      return status === 0 ? { dims, bytes: whole.bytes, native } : null;
    },
    create: (operation, postOperations = []) => create(host, generation, { operation, postOperations }),
    bind: (primitive, operands) => bind(host, generation, { primitive, operands, stream }),
    useThreads: (count) => setThreads?.(count),
    close() {
      for (const [destroy, handle] of owned.splice(0).reverse()) destroy(handle);
    },
  };
}

const descriptor = (dnnl: SharedFunctions, dims: readonly number[], native: unknown): Descriptor => ({
  dims,
  bytes: Number(dnnl.descriptorBytes(native)),
  native,
});

interface Creation {
  readonly operation: Operation;
  readonly postOperations: readonly PostOperation[];
}

function create(host: Host, generation: Generation, { operation, postOperations }: Creation) {
  const { dnnl, keep } = host;
  const attributes = postOperations.length > 0 ? attributesOf(dnnl, generation, postOperations) : null;
  const out: [bigint | null] = [null];
  const status = generation.primitiveDescriptor(out, operation, attributes);
  if (attributes) dnnl.attributesDestroy(attributes);
  if (status === UNIMPLEMENTED) return null;
  check(status, describeOperation(operation));
  const pd = keep(dnnl.primitiveDescriptorDestroy, out[0]!);
  const handle = created(describeOperation(operation), dnnl.primitiveCreate, pd);
  const name: [string | null] = [null];
  dnnl.primitiveDescriptorQuery(pd, QUERY_IMPLEMENTATION, 0, name);
  return {
    kind: operation.kind,
    implementation: name[0] ?? '?',
    native: { descriptor: pd, primitive: keep(dnnl.primitiveDestroy, handle) },
    layout(role: QueriedRole): Descriptor | null {
      const pointer = dnnl.queryMemory(pd, queries[role], 0) as unknown as bigint | null;
      if (!pointer) return null;
      const { dims, native } = generation.read(pointer);
      return dims.length === 0 ? null : descriptor(dnnl, dims, native);
    },
  };
}

function attributesOf(
  dnnl: SharedFunctions,
  generation: Generation,
  postOperations: readonly PostOperation[],
): bigint {
  const attributes = created('attributes', dnnl.attributesCreate);
  const list = created('post-operations', dnnl.postOperationsCreate);
  for (const operation of postOperations)
    check(append(dnnl, generation, { list, operation }), `post-operation ${operation.kind}`);
  check(dnnl.setPostOperations(attributes, list), 'post-operations');
  dnnl.postOperationsDestroy(list);
  return attributes;
}

function append(
  dnnl: SharedFunctions,
  generation: Generation,
  { list, operation }: { readonly list: bigint; readonly operation: PostOperation },
): number {
  if (operation.kind === 'sum') return generation.appendSum(list, operation.scale);
  if (operation.kind === 'elementwise') return generation.appendElementwise(list, operation);
  return dnnl.appendBinary(list, binaryAlgorithms[operation.algorithm], operation.operand.native);
}

interface Binding {
  readonly primitive: Primitive;
  readonly operands: readonly Bound[];
  readonly stream: bigint;
}

function bind(
  { dnnl, engine, keep }: Host,
  generation: Generation,
  { primitive, operands: given, stream }: Binding,
): () => void {
  const { kind, native } = primitive;
  const operands = generation.operands(kind, given);
  const list = new BigInt64Array(2 * operands.length);
  operands.forEach(({ role, descriptor, address }, i) => {
    const memory = created(`memory of ${role}`, dnnl.memoryCreate, descriptor.native, engine, address);
    list[2 * i] = BigInt(argumentOf(role, generation.postOperationBase));
    list[2 * i + 1] = keep(dnnl.memoryDestroy, memory);
  });
  const { execute } = dnnl;
  const count = operands.length;
  return () => {
    const status = execute(native.primitive, stream, count, list);
    if (status !== 0)
      check(status, `${kind} of ${operands.map(({ descriptor }) => `[${descriptor.dims}]`).join(', ')}`);
  };
}

/** `convolution src [128,16,32,32] weights [16,16,3,3] dst [128,16,32,32]`. */
function describeOperation(operation: Operation): string {
  const shapes = Object.entries(operation)
    .filter(([, part]) => typeof part === 'object' && 'dims' in part)
    .map(([role, part]) => `${role} [${(part as Descriptor).dims}]`);
  return [operation.kind, ...shapes].join(' ');
}
