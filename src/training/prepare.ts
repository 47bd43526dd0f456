import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { imageInput } from '../graph/inputs/image-input.ts';
import { canonicalForm, foldConstants, separateUniform } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';

/**
 * Converts a network to the form in which it is trained and returned: opset 18 or later, constants folded, float32 images as
 * input. It computes the same function as the given network.
 */
export async function prepareNetwork(model: Graph, executor: Executor): Promise<Graph> {
  const network = separateUniform(await foldConstants(canonicalForm(model).graph, executor));
  const { value: images } = imageInput(network);
  if (images.dtype !== 'float32') {
    throw new EspalierError('unsupported', `expected float32 images, found ${images.dtype}`, {
      where: images.name,
    });
  }
  return network;
}
