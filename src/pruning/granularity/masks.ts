import { cloneGraph } from '../../graph/clone.ts';
import type { Graph } from '../../graph/graph.ts';
import { floats } from '../../numeric/tensor.ts';
import type { Controller } from '../../training/options.ts';
import type { StepExtension } from '../../training/step-graph.ts';
import { withState } from '../../training/training-step.ts';

/** By weight name: 1 for kept elements, 0 for removed ones. */
export type WeightMasks = ReadonlyMap<string, Float32Array>;

/** A copy of a network with masked weights set to zero. */
export function withMasks(network: Graph, masks: WeightMasks): Graph {
  const graph = cloneGraph(network);
  for (const value of graph.initializers) {
    const mask = masks.get(value.name);
    const { tensor } = value;
    if (!mask || !tensor) continue;
    const data = (tensor.data as Float32Array).map((w, i) => (mask[i] === 0 ? 0 : w));
    value.tensor = floats(tensor.shape, data);
  }
  return graph;
}

/** The fraction of zeros among all masked elements. */
export function sparsityOf(masks: WeightMasks): number {
  let [gone, all] = [0, 0];
  for (const mask of masks.values()) {
    all += mask.length;
    for (const stays of mask) if (stays === 0) gone++;
  }
  return all === 0 ? 0 : gone / all;
}

/**
 * Keeps pruned weights at zero during training: the network computes with W ⊙ M, so their gradients are 0, and since they
 * start at 0, their weight decay and momentum are 0 as well.
 */
export function maskController(masks: WeightMasks): Controller {
  const extension: StepExtension = {
    reparametrize({ g }, { value }) {
      const mask = masks.get(value.name);
      return mask ? g.Mul(value, g.constant(floats(value.shape as number[], mask))) : null;
    },
  };
  return {
    extensions: [extension],
    scalars: () => ({}),
    afterStep() {},
    network: (network, state) => withMasks(withState(network, state), masks),
    metrics: () => ({ sparsity: sparsityOf(masks) }),
    save: () => null,
    restore() {},
  };
}
