import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { expectMemory } from '../graph/peak-memory.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { parseModel, readModelFile } from '../onnx/index.ts';
import { type BindOptions, fixedShape } from './bind-shapes.ts';
import { fedInputs, imagesOf, isUnbatched, mainInput } from './image-input.ts';
import { randomTensor } from './random-tensor.ts';

/** A model that is to be measured, and what it is run on. */
export interface PreparedModel {
  /** The file, or `model 2` for bytes given second. */
  readonly path: string;
  readonly source: string | Uint8Array;
  readonly graph: Graph;
  /** Random, of a fixed seed. */
  readonly inputs: readonly (readonly [name: string, tensor: Tensor])[];
}

/**
 * Models with inputs for a batch; where one image is asked for, a model that fixes its batch is run at that. Throws `usage` where it
 * fixes another batch than was asked for, or leaves its size open and none is given.
 */
export function prepareModels(
  models: readonly (string | Uint8Array)[],
  options: BindOptions = {},
): PreparedModel[] {
  return models.map((source, index) => {
    const path = typeof source === 'string' ? source : `model ${index + 1}`;
    const graph = typeof source === 'string' ? readModelFile(source) : parseModel(source);
    const shapes = inputShapes(graph, { batch: 1, ...options, path });
    expectMemory(graph, shapes);
    const inputs = fedInputs(graph).map(
      ({ name, dtype }, i) => [name, randomTensor(dtype ?? 'float32', shapes[name]!, i)] as const,
    );
    return { path, source, graph, inputs };
  });
}

function inputShapes(
  graph: Graph,
  { batch, size, path }: BindOptions & { batch: number; path: string },
): Record<string, number[]> {
  const fixed = imagesOf(graph);
  if (fixed !== null && fixed !== batch && batch !== 1) {
    const main = mainInput(graph);
    const found = main && isUnbatched(main) ? 'takes single images' : `has a fixed batch of ${fixed}`;
    const message = `${main?.name ?? 'the network'} ${found}, expected ${batch}`;
    throw new EspalierError('usage', message, { where: path });
  }
  const options = { batch: fixed ?? batch, size };
  return Object.fromEntries(fedInputs(graph).map((input) => [input.name, fixedShape(graph, input, options)]));
}
