import { EspalierError } from '../errors.ts';
import { formatShape, type Graph } from '../graph/graph.ts';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import { parseModel } from '../onnx/index.ts';
import { readModelFile } from '../onnx/model-file.ts';
import { type MeasuredInputOptions, type MeasuredInputs, measuredInputs } from './measured-inputs.ts';

/** A folder that `espalier compile` has written; its script is loaded and run. */
export interface CompiledFolder {
  readonly folder: string;
  /** All inputs are float32. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** A model that can be measured: the path or bytes of an .onnx file, or a compiled network. */
export type ModelSource = string | Uint8Array | CompiledFolder;

interface Prepared extends MeasuredInputs {
  /** The file or folder, or `model 2` for the second model if it was given as bytes. */
  readonly path: string;
}

/** An ONNX model with the inputs to measure it on. */
export interface PreparedFile extends Prepared {
  readonly source: string | Uint8Array;
  readonly graph: Graph;
}

/** A compiled network with the inputs to measure it on. */
export interface PreparedFolder extends Prepared {
  readonly folder: string;
}

/** A model with the inputs to measure it on. */
export type PreparedModel = PreparedFile | PreparedFolder;

/**
 * Prepares models to run on a batch. With a batch of 1, models that fix another batch size run at theirs. Throws `usage` if a
 * model fixes a batch size other than the requested one, or leaves its size open and none is given.
 */
export const prepareModels = (
  models: readonly ModelSource[],
  options: MeasuredInputOptions = {},
): PreparedModel[] =>
  models.map((source, index) => {
    if (typeof source === 'string') return prepareFile(source, source, options);
    return 'folder' in source
      ? prepareFolder(source, options)
      : prepareFile(source, `model ${index + 1}`, options);
  });

function prepareFile(source: string | Uint8Array, path: string, options: MeasuredInputOptions): PreparedFile {
  const graph = typeof source === 'string' ? readModelFile(source) : parseModel(source);
  return { path, source, graph, ...measuredInputs(graph, path, options) };
}

function prepareFolder(
  { folder, inputs }: CompiledFolder,
  { batch = 1, inputs: feeds = {} }: MeasuredInputOptions,
): PreparedFolder {
  const images = inputs[0]?.shape[0] ?? 1;
  if (batch !== 1 && batch !== images)
    throw new EspalierError('usage', `is compiled for a batch of ${images}, expected ${batch}`, {
      where: folder,
    });
  const told = inputs.filter(({ name }) => feeds[name]?.contents);
  const fed = inputs.map(({ name, shape }, i) => {
    const contents = feeds[name]?.contents ?? randomTensor({ name, dtype: 'float32', shape }, random(i));
    if (contents.dtype === 'float32' && contents.shape.join() === shape.join())
      return [name, contents] as const;
    const found = `${contents.dtype} ${formatShape(contents.shape)}`;
    throw new EspalierError('usage', `${name}: expected float32 ${formatShape(shape)}, found ${found}`, {
      where: folder,
    });
  });
  return { path: folder, folder, inputs: fed, told: new Set(told.map(({ name }) => name)) };
}
