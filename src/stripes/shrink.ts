import { selectSlices } from '../channels/select-slices.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { inputsOf } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';
import { filled, type Tensor } from '../numeric/tensor.ts';
import type { Tensors } from '../runtime/executor.ts';
import { slotNames } from '../training/optimizers.ts';
import { trainableParameters } from '../training/parameters.ts';
import { deadFilters, withoutFilters } from './merge.ts';
import { type KeptSlices, removeDeadFilters } from './remove-dead.ts';
import { hasStripes, maskName, perFilterParameters, skeletonMomentumName, skeletonName } from './skeleton.ts';

/** Filters whose feature map is zero and remains zero during training, ascending, by the name of their layer's weight. */
export type LastingDead = Readonly<Record<string, readonly number[]>>;

/**
 * The filters that training cannot bring back: all stripes are masked, and bias, scale and shift are zero, which they become
 * one step after the last stripe died.
 */
export function lastingDead(network: Graph, state: Tensors): LastingDead {
  const links = connections(network);
  const found: Record<string, readonly number[]> = {};
  for (const node of network.nodes.filter(hasStripes)) {
    const { name } = inputsOf(node, 'Conv').weight;
    const mask = state[maskName(name)];
    if (!mask) continue;
    const affine = perFilterParameters(node, links).flatMap((value) => state[value.name] ?? []);
    const dead = deadFilters(mask).filter((m) => affine.every(({ data }) => data[m] === 0));
    if (dead.length > 0) found[name] = dead;
  }
  return found;
}

/** A network in training without its permanently dead parts. */
export interface Shrunk {
  readonly network: Graph;
  /** Changes to the remaining initializers, in order. */
  readonly cuts: readonly KeptSlices[];
}

/**
 * Removes permanently dead filters, and branches that add nothing, from a network in training; the rest trains as it did
 * before. Layers keep dead filters up to a multiple of their width. Returns null if there is nothing to remove. Throws
 * `diverged` if nothing would be left.
 */
export function shrinkNetwork(network: Graph, dead: LastingDead, multiple: number): Shrunk | null {
  const lasting = lastingNetwork(network, dead);
  const { graph, cuts, removedBranches } = removeDeadFilters(lasting, { multiple, branches: 'zero' });
  if (cuts.length + removedBranches.length === 0) return null;
  const tensors = new Map(network.initializers.map(({ name, tensor }) => [name, tensor]));
  for (const { name, axis, places } of cuts) {
    const tensor = tensors.get(name);
    if (tensor) tensors.set(name, selectSlices(tensor, axis, places));
  }
  for (const value of graph.initializers) value.tensor = tensors.get(value.name) ?? value.tensor;
  return { network: graph, cuts };
}

/**
 * A copy for finding constants that last: trainable values are NaN, "not constant", unless they are permanently zero. A
 * parameter that happens to be zero is therefore not treated as dead.
 */
function lastingNetwork(network: Graph, dead: LastingDead): Graph {
  const graph = cloneGraph(network);
  for (const { value } of trainableParameters(graph)) value.tensor = filled(value.tensor!.shape, Number.NaN);
  const links = connections(graph);
  for (const node of graph.nodes.filter(hasStripes)) {
    const { weight } = inputsOf(node, 'Conv');
    const filters = dead[weight.name];
    if (!filters) continue;
    for (const value of [weight, ...perFilterParameters(node, links)]) {
      value.tensor = withoutFilters(value.tensor!, filters);
    }
  }
  return graph;
}

/** The training state of a shrunk network, sliced from that of the larger network. */
export function shrinkState(state: Tensors, before: Graph, { network, cuts }: Shrunk): Tensors {
  const tensors = new Map<string, Tensor>(Object.entries(state));
  const initializers = new Set(before.initializers.map(({ name }) => name));
  // A name that belongs to an initializer cannot be a derived state name.
  const follow = (names: readonly string[]) => names.filter((name) => !initializers.has(name));
  for (const { name, axis, places } of cuts) {
    const along = [name, ...follow([...slotNames(name), ...(axis === 0 ? skeletonState(name) : [])])];
    for (const each of along) {
      const tensor = tensors.get(each);
      if (tensor) tensors.set(each, selectSlices(tensor, axis, places));
    }
  }
  const left = new Set(network.initializers.map(({ name }) => name));
  for (const gone of initializers) {
    if (left.has(gone)) continue;
    for (const name of [gone, ...follow([...slotNames(gone), ...skeletonState(gone)])]) tensors.delete(name);
  }
  return Object.fromEntries(tensors);
}

/** Names of the skeleton state [M, kH, kW] of a weight [M, C, kH, kW]. */
const skeletonState = (weight: string): string[] => [
  skeletonName(weight),
  skeletonMomentumName(weight),
  maskName(weight),
];
