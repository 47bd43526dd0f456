import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../../graph/graph.ts';
import type { CompileOptions } from '../executor.ts';
import type { Session } from './held-session.ts';
import { createSession } from './session.ts';

/** Payload above which a model goes through a file, its tensors beside it: protobuf holds 2 GB at most. */
const MOST_IN_MEMORY = 1.9e9;

/** A session of a graph of any size; parameters beyond `most` bytes go through a folder that is gone afterwards. */
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
