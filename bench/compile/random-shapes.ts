import type { Graph, Node, Value } from '../../src/graph/graph.ts';
import { nodeName } from '../../src/graph/graph.ts';
import { layerCosts } from '../../src/measure/macs.ts';
import { random } from '../../src/numeric/random.ts';
import { elementCount } from '../../src/numeric/tensor.ts';
import { withMasks } from '../../src/pruning/granularity/masks.ts';

/**
 * A network whose filters have free random shapes: each convolution but those that read the image keeps the same part of its
 * stripes, so that a fraction of all MACs remains.
 */
export function withRandomShapes(
  network: Graph,
  { macs, seed }: { readonly macs: number; readonly seed: number },
): Graph {
  const costs = new Map(layerCosts(network).map((layer) => [layer.name, layer.macs]));
  const total = [...costs.values()].reduce((sum, cost) => sum + cost, 0);
  const striped = network.nodes.filter((node) => node.op === 'Conv' && !readsImage(network, node));
  const inStripes = striped.reduce((sum, node) => sum + (costs.get(nodeName(node)) ?? 0), 0);
  const part = 1 - ((1 - macs) * total) / inStripes;
  return withMasks(
    network,
    new Map(
      striped.map(({ inputs: [, weight] }, i) => [
        weight!.name,
        randomStripes(weight!, part, random(seed, i)),
      ]),
    ),
  );
}

const readsImage = ({ inputs }: Graph, node: Node): boolean => inputs.includes(node.inputs[0]!);

/** A mask [M, C, kH, kW] of a part of the stripes [M, kH, kW]. */
function randomStripes(
  weight: Value,
  part: number,
  { permutation }: ReturnType<typeof random>,
): Float32Array {
  const [filters = 0, channels = 0, ...kernel] = weight.tensor!.shape;
  const positions = elementCount(kernel);
  const living = new Set(
    permutation(filters * positions).subarray(0, Math.round(part * filters * positions)),
  );
  return Float32Array.from({ length: filters * channels * positions }, (_, i) => {
    const filter = Math.floor(i / (channels * positions));
    return living.has(filter * positions + (i % positions)) ? 1 : 0;
  });
}
