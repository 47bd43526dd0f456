import { EspalierError } from '../errors.ts';
import { formatShape, type Graph } from '../graph/graph.ts';
import { bindFeeds } from '../graph/inputs/bind-feeds.ts';
import { feedContents } from '../graph/inputs/feed-contents.ts';
import { fedInputs, imagesOf, isUnbatched, mainInput } from '../graph/inputs/image-input.ts';
import { type InputFeeds, knownFeeds, withInputFeeds } from '../graph/inputs/input-feeds.ts';
import { expectMemory } from '../graph/peak-memory.ts';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { parseModel } from '../onnx/index.ts';
import { readModelFile } from '../onnx/model-file.ts';
import { type BindOptions, boundShape } from './bind-shapes.ts';

/** A folder that `espalier compile` has written; its script is loaded and run. */
export interface CompiledFolder {
  readonly folder: string;
  /** All inputs are float32. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** A model that can be measured: the path or bytes of an .onnx file, or a compiled network. */
export type ModelSource = string | Uint8Array | CompiledFolder;

interface Prepared {
  /** The file or folder, or `model 2` for the second model if it was given as bytes. */
  readonly path: string;
  /** Given contents, or random ones from a fixed seed. */
  readonly inputs: readonly (readonly [name: string, tensor: Tensor])[];
  /** The names of inputs with given contents. */
  readonly told: ReadonlySet<string>;
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

interface PreparationOptions extends BindOptions {
  readonly inputs?: InputFeeds | undefined;
}

/**
 * Prepares models to run on a batch. With a batch of 1, models that fix another batch size run at theirs. Throws `usage` if a
 * model fixes a batch size other than the requested one, or leaves its size open and none is given.
 */
export const prepareModels = (
  models: readonly ModelSource[],
  options: PreparationOptions = {},
): PreparedModel[] =>
  models.map((source, index) => {
    if (typeof source === 'string') return prepareFile(source, source, options);
    return 'folder' in source
      ? prepareFolder(source, options)
      : prepareFile(source, `model ${index + 1}`, options);
  });

function prepareFile(source: string | Uint8Array, path: string, options: PreparationOptions): PreparedFile {
  const graph = typeof source === 'string' ? readModelFile(source) : parseModel(source);
  const fed = bindFeeds(withInputFeeds(graph, knownFeeds(graph, options.inputs ?? {})));
  const shapes = inputShapes(fed, { batch: 1, ...options, path });
  expectMemory(graph, shapes);
  const told = new Set(fedInputs(fed).flatMap(({ name, feed }) => (feed?.contents ? [name] : [])));
  const inputs = fedInputs(fed).map((input, i) => {
    const shape = shapes[input.name]!;
    const { name, dtype } = input;
    const drawn = () => randomTensor({ name, dtype: dtype ?? 'float32', shape }, random(i));
    return [name, feedContents(input, shape) ?? drawn()] as const;
  });
  return { path, source, graph, inputs, told };
}

function prepareFolder(
  { folder, inputs }: CompiledFolder,
  { batch = 1, inputs: feeds = {} }: PreparationOptions,
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

function inputShapes(
  graph: Graph,
  { batch, size, path }: BindOptions & { batch: number; path: string },
): Record<string, number[]> {
  const fixed = imagesOf(graph);
  if (fixed !== null && fixed !== batch && batch !== 1) {
    const main = mainInput(graph);
    const found = main && isUnbatched(main) ? 'accepts single images only' : `has a fixed batch of ${fixed}`;
    const message = `${main?.name ?? 'the network'} ${found}, expected ${batch}`;
    throw new EspalierError('usage', message, { where: path });
  }
  const options = { batch: fixed ?? batch, size };
  return Object.fromEntries(fedInputs(graph).map((input) => [input.name, boundShape(graph, input, options)]));
}
