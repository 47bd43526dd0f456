import { EspalierError } from '../../../../errors.ts';
import type {
  Bound,
  Descriptor,
  Dnnl,
  Format,
  Operation,
  PostOperation,
  Primitive,
  QueriedRole,
} from '../api.ts';
import type { OpenedLibrary } from '../open.ts';
import {
  argumentOf,
  binaryAlgorithms,
  CPU,
  elementwiseAlgorithms,
  FLOAT32,
  formatTags,
  IN_ORDER,
  MEMORY_DESCRIPTOR_BYTES,
  OPERATION_DESCRIPTOR_BYTES,
  QUERY_IMPLEMENTATION,
  queries,
  statusName,
  UNIMPLEMENTED,
} from './constants.ts';
import { type FunctionName, nativeFunctions } from './functions.ts';
import { fillOperation, int64s } from './operations.ts';

/** oneDNN 2.x: descriptors are structs that the caller holds. */
export function openVersion2({ koffi, dnnl: library, openmp }: OpenedLibrary, version: string): Dnnl {
  const dnnl = nativeFunctions(library);
  const setThreads = openmp?.func('void omp_set_num_threads(int count)');
  const owned: [FunctionName, bigint][] = [];
  const keep = (destroy: FunctionName, handle: bigint): bigint => {
    owned.push([destroy, handle]);
    return handle;
  };
  const created = (name: FunctionName, ...values: unknown[]): bigint => {
    const out: [bigint | null] = [null];
    check(dnnl[name](out, ...values), name);
    return out[0]!;
  };
  const engine = keep('engineDestroy', created('engineCreate', CPU, 0));
  const stream = keep('streamDestroy', created('streamCreate', engine, IN_ORDER));

  function describe(dims: readonly number[], format: Format): Descriptor {
    const native = new Uint8Array(MEMORY_DESCRIPTOR_BYTES);
    const sizes = int64s(dims);
    const status =
      typeof format === 'object' && 'strides' in format
        ? dnnl.describeByStrides(native, dims.length, sizes, FLOAT32, int64s(format.strides))
        : dnnl.describeByTag(native, dims.length, sizes, FLOAT32, tagOf(format, dims.length));
    check(status, `layout of [${dims}]`);
    return fromNative(native, dims);
  }

  function fromNative(native: Uint8Array, dims: readonly number[]): Descriptor {
    return { dims, bytes: Number(dnnl.descriptorBytes(native)), native };
  }

  function queried(descriptor: bigint, role: QueriedRole): Descriptor | null {
    const pointer = dnnl.queryMemory(descriptor, queries[role], 0) as unknown as bigint | null;
    if (!pointer) return null;
    const native = new Uint8Array(koffi.view(pointer, MEMORY_DESCRIPTOR_BYTES)).slice();
    const rank = new Int32Array(native.buffer, 0, 1)[0]!;
    return rank === 0 ? null : fromNative(native, [...new BigInt64Array(native.buffer, 8, rank)].map(Number));
  }

  function attributes(postOperations: readonly PostOperation[]): bigint | null {
    if (postOperations.length === 0) return null;
    const attr = created('attributesCreate');
    const list = created('postOperationsCreate');
    for (const operation of postOperations)
      check(append(list, operation), `post-operation ${operation.kind}`);
    check(dnnl.setPostOperations(attr, list), 'post-operations');
    dnnl.postOperationsDestroy(list);
    return attr;
  }

  function append(list: bigint, operation: PostOperation): number {
    if (operation.kind === 'sum') return dnnl.appendSum(list, operation.scale);
    if (operation.kind === 'binary') {
      return dnnl.appendBinary(list, binaryAlgorithms[operation.algorithm], operation.operand.native);
    }
    const { algorithm, alpha = 0, beta = 0 } = operation;
    return dnnl.appendElementwise(list, 1, elementwiseAlgorithms[algorithm], alpha, beta);
  }

  function primitiveDescriptor(operation: Operation, attr: bigint | null): bigint | null {
    const out: [bigint | null] = [null];
    let status: number;
    if (operation.kind === 'reorder') {
      const { src, dst } = operation;
      status = dnnl.reorder(out, src.native, engine, dst.native, engine, attr);
    } else {
      const target = new Uint8Array(OPERATION_DESCRIPTOR_BYTES);
      const filled = fillOperation(dnnl, target, operation);
      const hint = 'hint' in operation ? operation.hint.native.descriptor : null;
      status = filled || dnnl.primitiveDescriptorCreate(out, target, attr, engine, hint);
    }
    if (status === UNIMPLEMENTED) return null;
    check(status, describeOperation(operation));
    return out[0];
  }

  function create(operation: Operation, postOperations: readonly PostOperation[] = []): Primitive | null {
    const attr = attributes(postOperations);
    const descriptor = primitiveDescriptor(operation, attr);
    if (attr) dnnl.attributesDestroy(attr);
    if (!descriptor) return null;
    keep('primitiveDescriptorDestroy', descriptor);
    const out: [bigint | null] = [null];
    check(dnnl.primitiveCreate(out, descriptor), describeOperation(operation));
    const primitive = keep('primitiveDestroy', out[0]!);
    const name: [string | null] = [null];
    dnnl.primitiveDescriptorQuery(descriptor, QUERY_IMPLEMENTATION, 0, name);
    return {
      kind: operation.kind,
      implementation: name[0] ?? '?',
      native: { descriptor, primitive },
      layout: (role) => queried(descriptor, role),
    };
  }

  function bind({ kind, native }: Primitive, given: readonly Bound[]): () => void {
    // The gradient of a normalisation counts the shift among its inputs, and never reads it.
    const scale = kind === 'batchNormalizationBackward' && given.find(({ role }) => role === 'scale');
    const operands = scale ? [...given, { ...scale, role: 'shift' as const }] : given;
    const list = new BigInt64Array(2 * operands.length);
    operands.forEach(({ role, descriptor, address }, i) => {
      list[2 * i] = BigInt(argumentOf(role));
      list[2 * i + 1] = keep('memoryDestroy', created('memoryCreate', descriptor.native, engine, address));
    });
    const { execute } = dnnl;
    const { primitive } = native;
    const count = operands.length;
    return () => {
      const status = execute(primitive, stream, count, list);
      if (status !== 0)
        check(status, `${kind} of ${operands.map(({ descriptor }) => `[${descriptor.dims}]`).join(', ')}`);
    };
  }

  return {
    version,
    describe,
    equal: (a, b) => a === b || dnnl.descriptorEqual(a.native, b.native) === 1,
    create,
    bind,
    useThreads: (count) => setThreads?.(count),
    close() {
      for (const [destroy, handle] of owned.splice(0).reverse()) dnnl[destroy](handle);
    },
  };
}

function tagOf(format: Exclude<Format, { strides: unknown }>, rank: number): number {
  if (format === 'any') return formatTags.any;
  return formatTags.channelBlock[format.channelBlock][rank] ?? 0;
}

function check(status: number, what: string): void {
  if (status !== 0) throw new EspalierError('runtime', `oneDNN ${what}: ${statusName(status)}`);
}

/** `convolution src [128,16,32,32] weights [16,16,3,3] dst [128,16,32,32]`. */
function describeOperation(operation: Operation): string {
  const shapes = Object.entries(operation)
    .filter(([, part]) => typeof part === 'object' && 'dims' in part)
    .map(([role, part]) => `${role} [${(part as Descriptor).dims}]`);
  return [operation.kind, ...shapes].join(' ');
}
