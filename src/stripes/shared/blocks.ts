import type { Tensors } from '../../runtime/executor.ts';
import { type StripeLayer, skeletonOf, stripeMask } from '../layers.ts';
import { squaredNorms } from '../stripe-norms.ts';
import { balancedBlocks } from './assign.ts';
import type { ShapeBlock } from './costs.ts';
import type { BlockedLayer } from './removal-candidates.ts';

/** The remaining filters of each layer, by the name of its weight, with their original indices. */
export type LiveFilters = ReadonlyMap<string, readonly number[]>;

/** The block of each original filter of a layer; final once the layer has lost a stripe. */
interface Assignment {
  readonly blocks: readonly number[];
  readonly settled: boolean;
}

/** Assignments by the name of the weight. */
export type SavedBlocks = Readonly<Record<string, Assignment>>;

/** The assignment of filters to blocks. */
export interface BlockAssignments {
  /** A layer as blocks. Assigns its filters if they have no block yet. */
  view(layer: StripeLayer, state: Tensors, filters: LiveFilters): BlockedLayer;
  /** Assigns the filters of a complete layer again, permanently. Returns false if that was done before. */
  settle(layer: StripeLayer, state: Tensors): boolean;
  save(): SavedBlocks;
  restore(saved: SavedBlocks): void;
}

/** Opens assignments in which no filter has a block yet. */
export function openAssignments(size: number): BlockAssignments {
  const assignments = new Map<string, Assignment>();
  const assign = (layer: StripeLayer, state: Tensors, settled: boolean): Assignment => {
    const made = { blocks: balancedBlocks(mergedNorms(layer, state), size), settled };
    assignments.set(layer.weight.name, made);
    return made;
  };
  return {
    view(layer, state, filters) {
      const { name } = layer.weight;
      const { blocks } = assignments.get(name) ?? assign(layer, state, false);
      const left = blocksOf(layer, state, { blocks, numbers: filters.get(name)! });
      return { layer, skeleton: skeletonOf(state, layer), blocks: left };
    },
    settle(layer, state) {
      if (assignments.get(layer.weight.name)?.settled) return false;
      assign(layer, state, true);
      return true;
    },
    save: () => Object.fromEntries(assignments),
    restore(saved) {
      assignments.clear();
      for (const [name, assignment] of Object.entries(saved)) assignments.set(name, assignment);
    },
  };
}

/** The blocks of a layer that has lost no stripe. */
export function fullBlocks(layer: StripeLayer, size: number): ShapeBlock[] {
  const living = [...Array(kernelPositions(layer)).keys()];
  return Array.from({ length: Math.ceil(layer.filters / size) }, (_, i) => {
    const filters = Math.min(size, layer.filters - i * size);
    return { places: Array.from({ length: filters }, (_, m) => i * size + m), living };
  });
}

/** Number of positions of a layer's kernel. */
export const kernelPositions = ({ kernel }: StripeLayer): number => kernel.reduce((a, b) => a * b, 1);

/** For each filter, the norms of its merged stripes: |I|·‖W‖. */
function mergedNorms(layer: StripeLayer, state: Tensors): Float32Array[] {
  const skeleton = skeletonOf(state, layer);
  const norms = squaredNorms(state[layer.weight.name] ?? layer.weight.tensor!).map(
    (square, i) => Math.sqrt(square) * Math.abs(skeleton[i]!),
  );
  const size = kernelPositions(layer);
  return Array.from({ length: norms.length / size }, (_, m) => norms.subarray(m * size, (m + 1) * size));
}

interface Members extends Pick<Assignment, 'blocks'> {
  /** The original indices of the remaining filters. */
  readonly numbers: readonly number[];
}

/** The remaining blocks of a layer. All filters of a block have the same living stripes. */
function blocksOf(layer: StripeLayer, state: Tensors, { blocks, numbers }: Members): ShapeBlock[] {
  const members = new Map<number, number[]>();
  numbers.forEach((filter, place) => {
    const block = blocks[filter]!;
    members.set(block, [...(members.get(block) ?? []), place]);
  });
  const mask = stripeMask(state, layer);
  const size = kernelPositions(layer);
  return [...members.values()].map((places) => {
    const first = mask.subarray(places[0]! * size, (places[0]! + 1) * size);
    return { places, living: [...first.keys()].filter((position) => first[position] !== 0) };
  });
}
