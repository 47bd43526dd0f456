import { statSync } from 'node:fs';
import type { Preprocessing } from '../data/preprocessing.ts';
import type { Graph } from '../graph/graph.ts';
import type { ModelOptions } from '../models/index.ts';

/** A network, and what is known of it beside the file. */
export interface LoadedModel {
  readonly graph: Graph;
  /** The path or the zoo's name. */
  readonly name: string;
  /** null for a file. */
  readonly zooPreprocessing: Preprocessing | null;
}

/** The network in an .onnx file, or one of the zoo, freshly initialised; the options are the zoo's alone. */
export async function loadModel(name: string, options: ModelOptions = {}): Promise<LoadedModel> {
  if (isModelPath(name)) {
    const { readModelFile } = await import('../onnx/index.ts');
    return { graph: readModelFile(name), name, zooPreprocessing: null };
  }
  const { buildModel, zooModel } = await import('../models/index.ts');
  return { graph: buildModel(name, options), name, zooPreprocessing: zooModel(name)!.preprocessing };
}

/** Whether a model is meant as a file and not as a name of the zoo: the demo leaves a folder of its network's name. */
export const isModelPath = (name: string): boolean =>
  /\.onnx$/i.test(name) || /[\\/]/.test(name) || statSync(name, { throwIfNoEntry: false })?.isFile() === true;
