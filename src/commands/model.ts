import { statSync } from 'node:fs';
import type { Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { ModelOptions } from '../models/index.ts';
import type { NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import type { Context } from './command.ts';
import { type InputOptions, readInputFeeds } from './input-flags.ts';

/** Options of built-in networks, and of inputs. */
export interface ModelLoadOptions extends ModelOptions, InputOptions {}

/** A network in its forms, with its name and preprocessing. */
export interface LoadedModel extends NetworkForms {
  /** The path, or the name of a built-in network. */
  readonly name: string;
  /** null for files. */
  readonly zooPreprocessing: Preprocessing | null;
}

/**
 * Loads an .onnx file, or builds a built-in network with new parameters; all options except inputs only apply to the latter.
 * Changes by the canonical form are printed as notes. Throws `unsupported` if there is no canonical form, and for bfloat16,
 * which onnxruntime does not run.
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

/** {@link loadModel} for commands that only inspect or convert: any element type, with or without canonical form. */
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

/** The network with the feeds given by flags. */
async function withTypedInputs(graph: Graph, options: InputOptions): Promise<Graph> {
  if (!options.input && !options.feed) return graph;
  const { withInputFeeds } = await import('../graph/inputs/input-feeds.ts');
  return withInputFeeds(graph, await readInputFeeds(options));
}

async function formsOf(file: Graph): Promise<NetworkForms> {
  const { networkForms } = await import('../rewrite/index.ts');
  return networkForms(file, defaultExecutor);
}

/**
 * Whether a model argument is a path rather than the name of a built-in network: the demo creates a folder with such a name.
 */
export const isModelPath = (name: string): boolean =>
  /\.onnx$/i.test(name) || /[\\/]/.test(name) || statSync(name, { throwIfNoEntry: false })?.isFile() === true;
