import { keepOneChannel } from '../../channels/keep-one-channel.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { type Graph, nodeName, type Value } from '../../graph/graph.ts';
import { filled } from '../../numeric/tensor.ts';
import { withoutStrays } from '../../residual/carried-channels.ts';
import type { UntiedBlock } from '../../residual/untie.ts';
import type { PrunableSets } from '../gradual/prunable-sets.ts';
import { tiedSets } from '../gradual/tied-sets.ts';
import type { UntiedChannels } from './untied-network.ts';

/**
 * The channel sets of an untied network: those of each block's input, inner layers and sum, and those that it carries. A carried
 * channel is masked with its input or its outputs; a block may carry none.
 */
export function untiedSets(
  { prepared, carried, blocks }: UntiedChannels,
  lossReads: readonly Value[],
): PrunableSets {
  const { found } = prepared.coupling;
  const sets = tiedSets(prepared, lossReads);
  const isCarried = new Set(carried.map(({ set }) => set));
  return {
    units: sets.units.map((unit) => ({ ...unit, isOptional: unit.sets.every((set) => isCarried.has(set)) })),
    without(removed) {
      const reduced = sets.without(keepOneChannel(found, removed));
      // A convolution without filters would be invalid: a block that carries nothing keeps a filter of zeros.
      const carrying = new Set(carried.flatMap(({ block, set }) => (removed.has(set) ? [] : [block])));
      const empty = blocks.filter(({ add }) => !carrying.has(add));
      return { ...reduced, network: silenced(reduced.network, empty) };
    },
    permitted(chosen, masked) {
      const gone = withoutStrays(carried, new Set([...chosen, ...masked]));
      const kept = keepOneChannel(found, gone, masked);
      for (const set of gone) if (isCarried.has(set)) kept.add(set);
      return kept;
    },
  };
}

/** A network some of whose blocks carry zeros. */
function silenced(network: Graph, blocks: readonly UntiedBlock[]): Graph {
  if (blocks.length === 0) return network;
  const graph = cloneGraph(network);
  const reserves = new Set(blocks.map(({ reserve }) => reserve));
  for (const node of graph.nodes.filter((each) => reserves.has(nodeName(each)))) {
    const weight = node.inputs[1]!;
    weight.tensor = filled(weight.tensor!.shape, 0);
  }
  return graph;
}
