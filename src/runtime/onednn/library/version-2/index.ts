import { type Generation, type Host, openAdapter } from '../adapter.ts';
import type { Bound, Dnnl, Format, Operation } from '../api.ts';
import { int64Array } from '../arguments.ts';
import { nativeFunctions } from '../functions.ts';
import { ANY_FORMAT, FLOAT32 } from '../numbers.ts';
import type { OpenedLibrary } from '../open.ts';
import { argumentsFor } from '../operations.ts';
import { check } from '../status.ts';
import {
  blockedFormats,
  elementwiseAlgorithms,
  MEMORY_DESCRIPTOR_BYTES,
  OPERATION_DESCRIPTOR_BYTES,
  POST_OPERATION_BASE,
} from './constants.ts';
import { declarations, type Version2Functions } from './functions.ts';
import { rows } from './operations.ts';

/** Opens oneDNN 2.x, in which descriptors are structs that the caller owns. */
export function openVersion2(opened: OpenedLibrary, version: string): Dnnl {
  return openAdapter(opened, version, generation);
}

function generation({ koffi, library, dnnl, engine }: Host): Generation {
  const own = nativeFunctions(library, declarations);
  return {
    postOperationBase: POST_OPERATION_BASE,
    describe: (dims, format) => describe(own, dims, format),
    part(whole, dims, offsets) {
      const native = new Uint8Array(MEMORY_DESCRIPTOR_BYTES);
      return { status: own.part(native, whole, dims, offsets), native };
    },
    read(pointer) {
      const native = new Uint8Array(koffi.view(pointer, MEMORY_DESCRIPTOR_BYTES)).slice();
      const rank = new Int32Array(native.buffer, 0, 1)[0]!;
      return { dims: [...new BigInt64Array(native.buffer, 8, rank)].map(Number), native };
    },
    primitiveDescriptor(out, operation, attributes) {
      if (operation.kind === 'reorder')
        return dnnl.reorder(out, operation.src.native, engine, operation.dst.native, engine, attributes);
      const target = new Uint8Array(OPERATION_DESCRIPTOR_BYTES);
      const hint = 'hint' in operation ? operation.hint.native.descriptor : null;
      const filled = own[functionOf(operation)](target, ...argumentsFor(rows, operation.kind, operation));
      return filled || own.primitiveDescriptorCreate(out, target, attributes, engine, hint);
    },
    appendSum: (list, scale) => own.appendSum(list, scale),
    appendElementwise: (list, { algorithm, alpha = 0, beta = 0 }) =>
      own.appendElementwise(list, 1, elementwiseAlgorithms[algorithm], alpha, beta),
    operands,
  };
}

/** Logarithms of softmaxes have functions of their own. */
function functionOf(operation: Exclude<Operation, { kind: 'reorder' }>) {
  if (operation.kind === 'softmax') return operation.algorithm;
  if (operation.kind !== 'softmaxBackward') return operation.kind;
  return operation.algorithm === 'softmax' ? 'softmaxBackward' : 'logSoftmaxBackward';
}

function describe(own: Version2Functions, dims: readonly number[], format: Format): Uint8Array {
  const target = new Uint8Array(MEMORY_DESCRIPTOR_BYTES);
  const sizes = int64Array(dims);
  const status =
    typeof format === 'object' && 'strides' in format
      ? own.describeByStrides(target, dims.length, sizes, FLOAT32, int64Array(format.strides))
      : own.describeByTag(target, dims.length, sizes, FLOAT32, tagOf(format, dims.length));
  check(status, `layout of [${dims}]`);
  return target;
}

function tagOf(format: Exclude<Format, { strides: unknown }>, rank: number): number {
  return format === 'any' ? ANY_FORMAT : (blockedFormats[format.channelBlock][rank] ?? 0);
}

/** The gradient of a normalisation lists the shift among its inputs, but never reads it. */
function operands(kind: Operation['kind'], given: readonly Bound[]): readonly Bound[] {
  const scale = kind === 'batchNormalizationBackward' && given.find(({ role }) => role === 'scale');
  return scale ? [...given, { ...scale, role: 'shift' }] : given;
}
