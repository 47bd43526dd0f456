import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
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

/** A model that is to be measured, and what it is run on. */
export interface PreparedModel {
  /** The file, or `model 2` for bytes given second. */
  readonly path: string;
  readonly source: string | Uint8Array;
  readonly graph: Graph;
  /** Random, of a fixed seed, but for what is told. */
  readonly inputs: readonly (readonly [name: string, tensor: Tensor])[];
  /** The inputs whose contents are told. */
  readonly told: ReadonlySet<string>;
}

/**
 * Models with inputs for a batch; where one image is asked for, a model that fixes its batch is run at that. Throws `usage` where it
 * fixes another batch than was asked for, or leaves its size open and none is given.
 */
export function prepareModels(
  models: readonly (string | Uint8Array)[],
  options: BindOptions & { readonly inputs?: InputFeeds | undefined } = {},
): PreparedModel[] {
  return models.map((source, index) => {
    const path = typeof source === 'string' ? source : `model ${index + 1}`;
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
  });
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
