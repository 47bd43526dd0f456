import { type Generation, type Host, openAdapter } from '../adapter.ts';
import type { Dnnl, Format } from '../api.ts';
import { int64Array } from '../arguments.ts';
import { nativeFunctions } from '../functions.ts';
import { ANY_FORMAT, FLOAT32 } from '../numbers.ts';
import type { OpenedLibrary } from '../open.ts';
import { check, created } from '../status.ts';
import {
  blockedFormats,
  elementwiseAlgorithms,
  POST_OPERATION_BASE,
  QUERY_DIMS,
  QUERY_RANK,
  TYPE_OF_RESULT,
} from './constants.ts';
import { declarations, type Version3Functions } from './functions.ts';
import { argumentsOf, coefficients } from './operations.ts';

/**
 * oneDNN 3.x: memory descriptors are handles that the library holds.
 * Run by hand against 3.12.0 on x86-64; other 3.x are known from their headers alone, and CI has version 2 only.
 */
export function openVersion3(opened: OpenedLibrary, version: string): Dnnl {
  return openAdapter(opened, version, generation);
}

function generation(host: Host): Generation {
  const { dnnl, engine } = host;
  const own = nativeFunctions(host.library, declarations);
  return {
    postOperationBase: POST_OPERATION_BASE,
    describe: (dims, format) => host.keep(own.descriptorDestroy, describe(own, dims, format)),
    part(whole, dims, offsets) {
      const out: [bigint | null] = [null];
      const status = own.part(out, whole, dims, offsets);
      return { status, native: status === 0 ? host.keep(own.descriptorDestroy, out[0]!) : null };
    },
    read: (pointer) => ({ dims: dimsOf(host.koffi, own, pointer), native: pointer }),
    primitiveDescriptor(out, operation, attributes) {
      if (operation.kind !== 'reorder')
        return own[operation.kind](out, engine, ...argumentsOf(operation), attributes);
      return dnnl.reorder(out, operation.src.native, engine, operation.dst.native, engine, attributes);
    },
    appendSum: (list, scale) => own.appendSum(list, scale, 0, TYPE_OF_RESULT),
    appendElementwise(list, { algorithm, ...given }) {
      const { alpha, beta } = coefficients(algorithm, given);
      return own.appendElementwise(list, elementwiseAlgorithms[algorithm], alpha, beta);
    },
    operands: (_, given) => given,
  };
}

function describe(own: Version3Functions, dims: readonly number[], format: Format): bigint {
  const what = `layout of [${dims}]`;
  const sizes = int64Array(dims);
  if (typeof format === 'object' && 'strides' in format)
    return created(what, own.describeByStrides, dims.length, sizes, FLOAT32, int64Array(format.strides));
  const tag = format === 'any' ? ANY_FORMAT : (blockedFormats[format.channelBlock][dims.length] ?? 0);
  return created(what, own.describeByTag, dims.length, sizes, FLOAT32, tag);
}

function dimsOf(koffi: Host['koffi'], own: Version3Functions, pointer: bigint): readonly number[] {
  const rank: [number] = [0];
  check(own.descriptorRank(pointer, QUERY_RANK, rank), 'rank of a layout');
  if (rank[0] === 0) return [];
  const dims = created('dims of a layout', (out) => own.descriptorDims(pointer, QUERY_DIMS, out));
  return [...new BigInt64Array(koffi.view(dims, 8 * rank[0]))].map(Number);
}
