import type { Graph } from '../../graph/graph.ts';
import { makeTensor } from '../../numeric/tensor.ts';
import type { Tensors } from '../../runtime/executor.ts';
import { dependsOnInput } from '../depends-on-input.ts';
import type { StripeLayer } from '../layers.ts';
import type { SharedShape } from '../learning.ts';
import { maskName, skeletonMomentumName, skeletonName } from '../skeleton.ts';
import {
  type BlockAssignments,
  fullBlocks,
  kernelPositions,
  type LiveFilters,
  openAssignments,
} from './blocks.ts';
import type { ShapeCosts } from './costs.ts';
import { dropPieces } from './drop.ts';
import { type BlockedLayer, removalCandidates } from './removal-candidates.ts';

/** Settings of shapes that are shared in blocks of filters. */
export interface SharedShapeSettings {
  /** Number of filters per block. */
  readonly block: number;
  readonly shapes: SharedShape;
  /** The original network, whose layers the run trains. */
  readonly network: Graph;
  /** The cost to be reduced. Default: MACs. */
  readonly costs?: ShapeCosts;
}

/** The shared shapes of one run. */
export interface SharedShapes extends Pick<BlockAssignments, 'save' | 'restore'> {
  /** The fraction of the original cost that is left in a state. */
  kept(state: Tensors, filters: LiveFilters): number;
  /** Removes pieces of blocks to meet a demand, and returns the changed state. `part` is a fraction of the original cost. */
  drop(state: Tensors, filters: LiveFilters, demand: { upTo: number; part: number }): Tensors;
}

/**
 * Lets the filters of each layer share their shapes in blocks of B: the stripes of a block at the same position are living or
 * dead together, so that each block is a convolution by itself with full vectors of filters. Every filter keeps its own I;
 * the |I| of a block's piece is the root mean square of I over its stripes. Filters are grouped by the norms of their
 * stripes: when a layer is first used, and once more before it loses its first stripe. The last block of a layer is removed
 * only if the output does not depend on it. Ours, not from the paper.
 */
export function shareShapes(
  { block, shapes, network, costs }: SharedShapeSettings & { readonly costs: ShapeCosts },
  layers: readonly StripeLayer[],
): SharedShapes {
  const { view, settle, save, restore } = openAssignments(block);
  const dense = layers.reduce((sum, layer) => sum + costs.ofLayer(layer, fullBlocks(layer, block)), 0);
  const left = (state: Tensors): StripeLayer[] => layers.filter(({ weight }) => state[maskName(weight.name)]);

  return {
    save,
    restore,
    kept(state, filters) {
      const cost = (layer: StripeLayer) => costs.ofLayer(layer, view(layer, state, filters).blocks);
      return 1 - (dense - left(state).reduce((sum, layer) => sum + cost(layer), 0)) / costs.total;
    },
    drop(state, filters, { upTo, part }) {
      const present = left(state);
      const gone = layers.filter((layer) => !present.includes(layer));
      const demand = { upTo, cost: part * costs.total };
      const views = present.map((layer) => view(layer, state, filters));
      const changed = dropPieces(views, demand, {
        offers: (layer) => removalCandidates(layer, shapes, costs),
        mayDie({ layer }, dead) {
          const without = [layer, ...gone, ...dead.map((other) => other.layer)];
          return dependsOnInput(network, new Set(without.map(({ node }) => node)));
        },
        regroup: ({ layer }) => (settle(layer, state) ? view(layer, state, filters) : null),
      });
      return Object.assign({}, ...changed.map((layer) => masked(layer, state)));
    },
  };
}

/** Mask, skeleton and momentum of a layer, set to zero outside the living positions of its blocks. */
function masked({ layer, blocks }: BlockedLayer, state: Tensors): Tensors {
  const { name } = layer.weight;
  const size = kernelPositions(layer);
  const live = new Float32Array(layer.filters * size);
  for (const { places, living } of blocks) {
    for (const place of places) for (const position of living) live[place * size + position] = 1;
  }
  const names = [maskName(name), skeletonName(name), skeletonMomentumName(name)];
  return Object.fromEntries(
    names.map((part) => {
      const { shape, data } = state[part]!;
      return [
        part,
        makeTensor(
          'float32',
          shape,
          (data as Float32Array).map((value, i) => value * live[i]!),
        ),
      ];
    }),
  );
}
