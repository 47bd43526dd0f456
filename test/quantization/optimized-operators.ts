import { join } from 'node:path';
import type { Graph } from '../../src/graph/graph.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { loadOnnxruntime } from '../../src/runtime/onnxruntime/session.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** How often each operator is in a graph as onnxruntime runs it, its optimiser done. */
export async function optimizedOperators(graph: Graph): Promise<Record<string, number>> {
  const path = join(temporaryFolder(), 'optimized.onnx');
  const { InferenceSession } = await loadOnnxruntime();
  const session = await InferenceSession.create(serializeModel(graph), {
    optimizedModelFilePath: path,
    logSeverityLevel: 4,
  });
  await session.release();
  const counts: Record<string, number> = {};
  for (const { op } of readModelFile(path).nodes) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}

/** What only moves data between layouts, and what is left at the network's ends. */
const transit: ReadonlySet<string> = new Set(['Transpose', 'QuantizeLinear', 'DequantizeLinear']);

/** The same without transpositions and conversions. */
export async function computingOperators(graph: Graph): Promise<Record<string, number>> {
  const counts = await optimizedOperators(graph);
  return Object.fromEntries(Object.entries(counts).filter(([op]) => !transit.has(op)));
}
