import { realpathSync } from 'node:fs';
import { assert, EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Float32Form } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { isModelPath, type LoadedModel } from './model.ts';

/**
 * Writes a network in its own element types. Replaces nothing unless every node's operands have one type and, where the
 * network is not float32, onnxruntime loads it.
 */
export async function writeModel(graph: Graph, path: string, form?: Float32Form): Promise<void> {
  const { writeModelFile } = await import('../onnx/model-file.ts');
  const written = form ? form.restore(graph) : graph;
  await refuseMixed(written, form?.elementType ?? 'float32');
  writeModelFile(written, path);
}

async function refuseMixed(graph: Graph, elementType: string): Promise<void> {
  const { newerThanOpset } = await import('../graph/operators/versions.ts');
  const newer = newerThanOpset(graph);
  assert(newer === null, `${newer}: opset ${graph.opsets['']} does not have it`);
  const { mixedOperands } = await import('../graph/operand-types.ts');
  const mixed = mixedOperands(graph);
  if (mixed) {
    const message = `${mixed}: nothing was written; convert first with espalier fold --element-type float32`;
    throw new EspalierError('unsupported', message);
  }
  if (elementType === 'float32' || elementType === 'bfloat16') return;
  await (await (await defaultExecutor()).compile(graph, { optimization: 'disabled', threads: 1 })).close();
}

/**
 * The error of a network in the element types of its file against itself in float32, relative to the largest output; null
 * where both are the same. Throws `verification` beyond what its type's rounding explains.
 */
export async function restorationError(graph: Graph, form: Float32Form): Promise<number | null> {
  if (form.elementType === 'float32') return null;
  const { signatureOf, toleranceOf, verifyEquivalent, withSignature } = await import('../rewrite/index.ts');
  const restored = withSignature(form.restore(graph), signatureOf(graph));
  const options = { executor: await defaultExecutor(), tolerance: toleranceOf(form.elementType) };
  return (await verifyEquivalent(graph, restored, options)).error;
}

/** Throws `usage` where a model would be written over the file that it is read from, by whatever path. */
export function expectOtherFile(model: string, out: string | undefined): void {
  if (out === undefined || !isModelPath(model)) return;
  const [from, to] = [model, out].map(realPath);
  if (from === undefined || from !== to) return;
  const message = `--out: expected another file than the model itself, got ${out}`;
  throw new EspalierError('usage', message);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Writes the model as it was given: its bytes, where its contents lie in the one file. */
export async function writeGiven({ name, given }: LoadedModel, out: string): Promise<void> {
  const { payloadBytes } = await import('../onnx/index.ts');
  const { writeModelFile } = await import('../onnx/model-file.ts');
  const { readBytes, writeFilesAtomically } = await import('../files.ts');
  const bytes = isModelPath(name) ? readBytes(name) : null;
  if (bytes && payloadBytes(given) <= bytes.length) writeFilesAtomically([{ path: out, chunks: [bytes] }]);
  else writeModelFile(given, out);
}
