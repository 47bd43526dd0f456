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
 * The filters that training cannot bring back: all stripes masked, and bias, scale and shift zero in the state. Those
 * become zero one step after the last stripe died.
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

/** A network in training less what is dead for good. */
export interface Shrunk {
  readonly network: Graph;
  /** What was done to the initializers that are left, in order. */
  readonly cuts: readonly KeptSlices[];
}

/**
 * Removes filters that are dead for good, and branches that add nothing any more, from a network in training: what is
 * left trains as it did with them. Layers keep dead filters that fill their width up to a multiple. Null where nothing
 * goes; throws `diverged` where nothing would be left.
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
 * What of a network lasts: values that training decides on are NaN, "not constant", but for those that dead filters
 * hold at zero. So a parameter that is zero today and trains on never counts as dead.
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

/** The training state of a shrunk network, sliced out of that of the network before. */
export function shrinkState(state: Tensors, before: Graph, { network, cuts }: Shrunk): Tensors {
  const tensors = new Map<string, Tensor>(Object.entries(state));
  const initializers = new Set(before.initializers.map(({ name }) => name));
  // A name that is an initializer's own is nobody's slot.
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

/** State [M, kH, kW] that a weight [M, C, kH, kW] has of its skeleton. */
const skeletonState = (weight: string): string[] => [
  skeletonName(weight),
  skeletonMomentumName(weight),
  maskName(weight),
];
