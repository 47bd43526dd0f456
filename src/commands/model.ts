import { statSync } from 'node:fs';
import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { ModelOptions } from '../models/index.ts';
import type { Float32Form } from '../rewrite/index.ts';

/** A network, and what is known of it beside the file. */
export interface LoadedModel {
  /** In float32 throughout. */
  readonly graph: Graph;
  /** As the file has it. */
  readonly given: Graph;
  /** Gives what became of the graph the element types of the file. */
  readonly form: Float32Form;
  /** The path or the zoo's name. */
  readonly name: string;
  /** null for a file. */
  readonly zooPreprocessing: Preprocessing | null;
}

/**
 * The network in an .onnx file, or one of the zoo, freshly initialised; the options are the zoo's alone. Throws
 * `unsupported` for bfloat16, which onnxruntime does not run.
 */
export async function loadModel(name: string, options: ModelOptions = {}): Promise<LoadedModel> {
  const model = await openModel(name, options);
  if (model.form.elementType !== 'bfloat16') return model;
  const message =
    "bfloat16: onnxruntime's CPU engine does not run it: convert first with espalier fold --element-type float32";
  throw new EspalierError('unsupported', message, { where: name });
}

/** {@link loadModel} for what is only looked at, or converted: of any element type. */
export async function openModel(name: string, options: ModelOptions = {}): Promise<LoadedModel> {
  const { toFloat32 } = await import('../rewrite/index.ts');
  if (isModelPath(name)) {
    const { readModelFile } = await import('../onnx/index.ts');
    const given = readModelFile(name);
    const form = toFloat32(given);
    return { graph: form.graph, given, form, name, zooPreprocessing: null };
  }
  const { buildModel, zooModel } = await import('../models/index.ts');
  const given = buildModel(name, options);
  const zooPreprocessing = zooModel(name)!.preprocessing;
  return { graph: given, given, form: toFloat32(given), name, zooPreprocessing };
}

/** Whether a model is meant as a file and not as a name of the zoo: the demo leaves a folder of its network's name. */
export const isModelPath = (name: string): boolean =>
  /\.onnx$/i.test(name) || /[\\/]/.test(name) || statSync(name, { throwIfNoEntry: false })?.isFile() === true;
