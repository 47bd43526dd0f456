import { statSync } from 'node:fs';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { payloadBytes } from '../onnx/index.ts';
import type { ImageSize } from './image-size.ts';
import { costs } from './macs.ts';

interface ModelSource {
  readonly graph: Graph;
  /** The path or the bytes of the model's file. */
  readonly source: string | Uint8Array;
}

/** Bytes of a model's file with its external data, its parameters, and its MACs per image (null if a shape is unknown). */
export function modelWeight({ graph, source }: ModelSource, size: ImageSize | undefined) {
  const fileBytes = typeof source === 'string' ? statSync(source).size : source.byteLength;
  const inside = payloadBytes(graph);
  const sizeBytes = fileBytes < inside ? fileBytes + inside : fileBytes;
  try {
    const { parameters, macs } = costs(graph, { size });
    return { sizeBytes, parameters, macs };
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return { sizeBytes, parameters: null, macs: null };
  }
}
