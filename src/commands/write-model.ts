import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import { isSameFile } from '../files.ts';
import type { Graph } from '../graph/graph.ts';
import type { Float32Form } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { isModelPath, type LoadedModel } from './model.ts';

/** What a written model is beside the network. */
interface WrittenModel {
  readonly form?: Float32Form | undefined;
  /** What is stored in it, where it is known. */
  readonly preprocessing?: Preprocessing | undefined;
  readonly classes?: readonly string[] | undefined;
}

/**
 * Writes a network in its own element types. An existing file is only replaced if the operands of every node have one type,
 * and, unless the network is float32, onnxruntime loads the network.
 */
export async function writeModel(
  graph: Graph,
  path: string,
  { form, preprocessing, classes = [] }: WrittenModel = {},
): Promise<void> {
  const { storeClasses, storePreprocessing } = await import('../data/preprocessing.ts');
  const { cloneGraph } = await import('../graph/clone.ts');
  const { writeModelFile } = await import('../onnx/model-file.ts');
  const { expectWritable } = await import('../rewrite/index.ts');
  const written = cloneGraph(form ? form.restore(graph) : graph);
  if (preprocessing) storePreprocessing(written, preprocessing);
  if (classes.length > 0) storeClasses(written, classes);
  await expectWritable(written, form?.elementType ?? 'float32', defaultExecutor);
  writeModelFile(written, path);
}

/** Throws `usage` if a model would overwrite the file that it is read from. */
export function expectOtherFile(model: string, out: string | undefined): void {
  if (out === undefined || !isModelPath(model) || !isSameFile(model, out)) return;
  const message = `--out: expected another file than the model itself, got ${out}`;
  throw new EspalierError('usage', message);
}

/** Writes the given model: unchanged bytes, if it has no external data. */
export async function writeGiven({ name, given }: LoadedModel, out: string): Promise<void> {
  const { payloadBytes } = await import('../onnx/index.ts');
  const { writeModelFile } = await import('../onnx/model-file.ts');
  const { readBytes, writeFilesAtomically } = await import('../files.ts');
  const bytes = isModelPath(name) ? readBytes(name) : null;
  if (bytes && payloadBytes(given) <= bytes.length) writeFilesAtomically([{ path: out, chunks: [bytes] }]);
  else writeModelFile(given, out);
}
