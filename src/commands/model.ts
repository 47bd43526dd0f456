import { existsSync } from 'node:fs';
import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';

/** How a model of the zoo is built. */
export interface ZooOptions {
  readonly classes?: number;
  readonly seed?: number;
  /** The scale that BatchNormalization starts from. */
  readonly gamma?: number;
}

/** A network, and what is known of it beside the file. */
export interface LoadedModel {
  readonly graph: Graph;
  /** The path or the zoo's name. */
  readonly name: string;
  /** null for a file. */
  readonly zooPreprocessing: Preprocessing | null;
}

/** The network in an .onnx file, or one of the zoo, freshly initialised. */
export async function loadModel(name: string, options: ZooOptions = {}): Promise<LoadedModel> {
  if (isPath(name)) {
    const { readModelFile } = await import('../onnx/index.ts');
    return { graph: readModelFile(name), name, zooPreprocessing: null };
  }
  const { buildModel, isModelName, zoo } = await import('../models/index.ts');
  if (!isModelName(name)) throw unknownModel(name, Object.keys(zoo));
  return { graph: buildModel(name, options), name, zooPreprocessing: zoo[name]!.preprocessing };
}

const isPath = (name: string): boolean => /\.onnx$/i.test(name) || /[\\/]/.test(name) || existsSync(name);

function unknownModel(name: string, known: readonly string[]): EspalierError {
  return new EspalierError('usage', `${name}: expected an .onnx file or one of ${known.join(', ')}`);
}
