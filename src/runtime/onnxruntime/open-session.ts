import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../../graph/graph.ts';
import type { CompileOptions } from '../executor.ts';
import type { Session } from './held-session.ts';
import { createSession } from './session.ts';

/** Bytes above which a model is passed by file, with external data: protobuf is limited to 2 GB. */
const MOST_IN_MEMORY = 1.9e9;

/** A session of a graph of any size. A model with more than `most` bytes of parameters is passed in a temporary folder. */
export async function openSession(
  graph: Graph,
  options: CompileOptions,
  most = MOST_IN_MEMORY,
): Promise<Session> {
  const { payloadBytes, serializeModel } = await import('../../onnx/index.ts');
  const { writeModelFile } = await import('../../onnx/model-file.ts');
  if (payloadBytes(graph) <= most) return createSession(serializeModel(graph), options);
  const folder = mkdtempSync(join(tmpdir(), 'espalier-session-'));
  try {
    const path = join(folder, 'model.onnx');
    writeModelFile(graph, path, { externalData: 'always' });
    return await createSession(path, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
