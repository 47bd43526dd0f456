import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { canonicalForm, foldConstants, separateUniform } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';

/**
 * The form of a network that training starts from and hands back: opset 18 or later, constants folded, one image
 * input [N, C, H, W]. It computes what the given network does.
 */
export async function prepareNetwork(model: Graph, executor: Executor): Promise<Graph> {
  const network = separateUniform(await foldConstants(canonicalForm(model).graph, executor));
  const [images, ...others] = network.inputs;
  if (!images || others.length > 0) {
    throw new EspalierError(
      'unsupported',
      `expected one input in a network to train, found ${network.inputs.length}`,
    );
  }
  if (images.dtype !== 'float32') {
    throw new EspalierError('unsupported', `expected float32 images, found ${images.dtype}`, {
      where: images.name,
    });
  }
  return network;
}
