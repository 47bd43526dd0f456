import { statSync } from 'node:fs';
import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { ModelOptions } from '../models/index.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Context } from './command.ts';
import { type InputOptions, readInputFeeds } from './input-flags.ts';

/** Options of a network of the zoo, and what inputs are. */
export interface ModelLoadOptions extends ModelOptions, InputOptions {}

/** A network in its forms, and what is known of it beside the file. */
export interface LoadedModel extends NetworkForms {
  /** The path or the zoo's name. */
  readonly name: string;
  /** null for a file. */
  readonly zooPreprocessing: Preprocessing | null;
}

/**
 * The network in an .onnx file, or one of the zoo, freshly initialised; options but for inputs are the zoo's alone. What the canonical
 * form changes is noted. Throws `unsupported` where there is none, and for bfloat16, which onnxruntime does not run.
 */
export async function loadModel(
  name: string,
  context: Pick<Context, 'note'>,
  options: ModelLoadOptions = {},
): Promise<LoadedModel> {
  const model = await openModel(name, options);
  if (model.obstacle) throw model.obstacle;
  for (const note of model.notes) context.note(note);
  if (model.form.elementType !== 'bfloat16') return model;
  const message =
    "bfloat16: onnxruntime's CPU engine does not run it: convert first with espalier fold --element-type float32";
  throw new EspalierError('unsupported', message, { where: name });
}

/** {@link loadModel} for what is only looked at, or converted: of any element type, in canonical form or not. */
export async function openModel(name: string, options: ModelLoadOptions = {}): Promise<LoadedModel> {
  const { input, feed, ...zoo } = options;
  if (isModelPath(name)) {
    const { readModelFile } = await import('../onnx/model-file.ts');
    const file = await withTypedInputs(readModelFile(name), { input, feed });
    return { ...(await formsOf(file)), name, zooPreprocessing: null };
  }
  const { buildModel, zooModel } = await import('../models/index.ts');
  const graph = await withTypedInputs(buildModel(name, zoo), { input, feed });
  const zooPreprocessing = zooModel(name)!.preprocessing;
  return { ...(await formsOf(graph)), name, zooPreprocessing };
}

/** The network, fed as the flags say wherever it is run. */
async function withTypedInputs(graph: Graph, options: InputOptions): Promise<Graph> {
  if (!options.input && !options.feed) return graph;
  const { withInputFeeds } = await import('../graph/inputs/input-feeds.ts');
  return withInputFeeds(graph, await readInputFeeds(options));
}

async function formsOf(file: Graph): Promise<NetworkForms> {
  const { networkForms } = await import('../rewrite/index.ts');
  return networkForms(file, defaultExecutor);
}

/** Whether a model is meant as a file and not as a name of the zoo: the demo leaves a folder of its network's name. */
export const isModelPath = (name: string): boolean =>
  /\.onnx$/i.test(name) || /[\\/]/.test(name) || statSync(name, { throwIfNoEntry: false })?.isFile() === true;
