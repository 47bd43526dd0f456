import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { EspalierError } from '../errors.ts';
import { fileError, readBytes, writeFilesAtomically } from '../files.ts';
import type { Graph } from '../graph/graph.ts';
import { payloadBytes } from '../graph/payload.ts';
import { byteSize, type Tensor } from '../numeric/tensor.ts';
import { externalFilesIn } from './external-files.ts';
import { encodeModel, parseModel, serializeModel } from './model.ts';
import { rawBytes } from './write-graph.ts';

/**
 * Reads an .onnx file, including external data beside it. Errors are EspalierErrors that name the file: `missing-file`, `io`,
 * or those of {@link parseModel}.
 */
export function readModelFile(path: string): Graph {
  try {
    if (statSync(path).isDirectory())
      throw new EspalierError('missing-file', 'expected an ONNX file, found a folder', { where: path });
  } catch (cause) {
    throw fileError(cause, path);
  }
  const bytes = readBytes(path);
  try {
    return parseModel(bytes, { externalData: externalFilesIn(dirname(path)) });
  } catch (cause) {
    if (!(cause instanceof EspalierError)) throw cause;
    throw new EspalierError(cause.code, cause.message, { where: path, cause });
  }
}

/** Bytes of tensors above which 'auto' stores them in a separate file: 1.9 GB, below protobuf's limit. */
const MOST_INSIDE = 1.9e9;
/** Tensors with fewer bytes stay in the model. */
const LEAST_OUTSIDE = 1024;
/** Offsets are multiples of this, so that the file can be memory-mapped. */
const ALIGNMENT = 4096;

/**
 * Writes an .onnx file atomically. With `externalData`, large tensors are stored in `<path>.data` beside it; 'auto' (the
 * default) does so if they exceed 1.9 GB.
 */
export function writeModelFile(
  graph: Graph,
  path: string,
  options: { readonly externalData?: 'auto' | 'always' | 'never' } = {},
): void {
  const { externalData = 'auto' } = options;
  const outside = externalData === 'always' || (externalData === 'auto' && payloadBytes(graph) > MOST_INSIDE);
  if (!outside) {
    writeFilesAtomically([{ path, chunks: [serializeModel(graph)] }]);
    return;
  }
  const stored = new Map<Tensor, { location: string; offset: number; length: number }>();
  const location = `${basename(path)}.data`;
  let end = 0;
  const model = encodeModel(graph, (tensor) => {
    const known = stored.get(tensor);
    if (known || byteSize(tensor) < LEAST_OUTSIDE) return known ?? null;
    const placed = { location, offset: Math.ceil(end / ALIGNMENT) * ALIGNMENT, length: byteSize(tensor) };
    end = placed.offset + placed.length;
    stored.set(tensor, placed);
    return placed;
  });
  writeFilesAtomically([
    { path: `${path}.data`, chunks: padded(stored) },
    { path, chunks: [model] },
  ]);
}

function* padded(stored: ReadonlyMap<Tensor, { offset: number; length: number }>): Generator<Uint8Array> {
  let at = 0;
  for (const [tensor, { offset, length }] of stored) {
    if (offset > at) yield new Uint8Array(offset - at);
    yield rawBytes(tensor);
    at = offset + length;
  }
}
