import { type ConstantChannels, constantChannels } from '../channels/constant-channels.ts';
import { couple } from '../channels/coupling/index.ts';
import type { ChannelCoupling, CoupledLayer } from '../channels/coupling/scope.ts';
import { keepOneChannel } from '../channels/keep-one-channel.ts';
import { removeChannels } from '../channels/remove-channels.ts';
import { uncoupledLayers } from '../channels/uncoupled-layers.ts';
import { EspalierError } from '../errors.ts';
import { uniqueNames } from '../graph/builder.ts';
import { type Refusal, type Refused, refuse } from '../graph/edit/refused.ts';
import { type Graph, makeConstant, type Node, nodeName, onlyOutput, requiredInput } from '../graph/graph.ts';
import { inputsOf, isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { removeDeadNodes, replaceUses } from '../graph/topology.ts';
import { floats } from '../numeric/tensor.ts';
import { canonicalForm } from '../rewrite/index.ts';
import { dependsOnInput } from './depends-on-input.ts';

/** Options of {@link removeDeadFilters}. */
export interface DeadFilterOptions {
  /** Dead filters are kept if they pad the width of a layer to a multiple of this. Default 1: none is kept. */
  readonly multiple?: number;
  /** Which branches to remove: `constant` branches (the default), or only those that add `zero`. */
  readonly branches?: 'constant' | 'zero';
}

/** The slices of an initializer that were kept along an axis. */
export interface KeptSlices {
  readonly name: string;
  readonly axis: number;
  readonly places: readonly number[];
}

/** A layer whose dead filters are kept, with the reason. */
export interface KeptDeadFilters extends Refused {
  readonly filters: number;
}

/** A network without its zero filters, and a list of what was removed. */
export interface DeadFilterRemoval {
  readonly graph: Graph;
  /** Changes to initializers, in order. */
  readonly cuts: readonly KeptSlices[];
  /** Number of removed filters, by layer. */
  readonly removed: readonly { readonly name: string; readonly filters: number; readonly of: number }[];
  /** Adds with a constant branch: replaced by the shortcut, plus the constant if it is not zero. */
  readonly removedBranches: readonly string[];
  /** Layers whose dead filters are kept, with the reason. */
  readonly leftAlone: readonly KeptDeadFilters[];
}

/**
 * Removes filters whose feature map is zero for every input, with the input channels that read them, and branches that have
 * become constant. Exact: the outputs do not change. A filter is kept if its channel is shared with another layer, as in a
 * residual sum. Throws if an output of the network is constant.
 *
 * @example
 * const { graph } = removeDeadFilters(masked, { multiple: 8 });
 */
export function removeDeadFilters(
  network: Graph,
  { multiple = 1, branches = 'constant' }: DeadFilterOptions = {},
): DeadFilterRemoval {
  const graph = canonicalForm(network).graph;
  inferShapes(graph);
  const removedBranches: string[] = [];
  const cutting: DeadFilterCut = { graph, multiple, cuts: [], removed: new Map(), refusals: new Map() };
  for (let changed = true; changed; ) {
    const constants = constantChannels(graph);
    refuseCollapse(graph, constants);
    const isGone = (channels?: Float64Array): channels is Float64Array =>
      isConstant(channels) && (branches === 'constant' || channels.every((value) => value === 0));
    const replaced = replaceBranches(graph, constants, isGone);
    removedBranches.push(...replaced);
    removeDeadNodes(graph);
    const cut = cutDeadFilters(cutting, constants);
    changed = replaced.length > 0 || cut;
  }
  const { cuts, removed, refusals } = cutting;
  return { graph, cuts, removed: [...removed.values()], removedBranches, leftAlone: [...refusals.values()] };
}

function refuseCollapse(graph: Graph, constants: ConstantChannels): void {
  for (const node of graph.nodes) {
    const channels = constants.get(onlyOutput(node));
    if (channels?.every((value) => !Number.isNaN(value)) && !dependsOnInput(graph, new Set([node]))) {
      throw new EspalierError(
        'diverged',
        'all filters are zero: the network no longer depends on its input',
        {
          where: nodeName(node),
        },
      );
    }
  }
}

/** Replaces summands that are constant per channel by a vector, or removes them if they are zero. */
function replaceBranches(
  graph: Graph,
  constants: ConstantChannels,
  isGone: (channels?: Float64Array) => channels is Float64Array,
): string[] {
  const unique = uniqueNames(graph);
  const names: string[] = [];
  for (const node of [...graph.nodes]) {
    if (!isOperator(node, 'Add')) continue;
    const { a, b } = inputsOf(node, 'Add');
    const [summand] = [a, b].flatMap((value, index) => {
      const channels = value.tensor ? undefined : constants.get(value);
      return isGone(channels) ? [{ channels, index, other: index === 0 ? b : a }] : [];
    });
    if (!summand) continue;
    const { channels, index, other } = summand;
    names.push(nodeName(node));
    if (channels.every((value) => value === 0)) {
      replaceUses(graph, onlyOutput(node), other);
    } else {
      const rank = other.shape?.length ?? 4;
      const shape = [1, channels.length, ...new Array<number>(rank - 2).fill(1)];
      const vector = makeConstant(unique(`${nodeName(node)}.branch`), floats(shape, channels));
      graph.initializers.push(vector);
      node.inputs[index] = vector;
    }
  }
  return names;
}

const isConstant = (channels: Float64Array | undefined): channels is Float64Array =>
  !!channels && channels.every((value) => !Number.isNaN(value));

/** State of the removal, with layers by name. */
interface DeadFilterCut {
  readonly graph: Graph;
  readonly multiple: number;
  readonly cuts: KeptSlices[];
  readonly removed: Map<string, { name: string; filters: number; of: number }>;
  readonly refusals: Map<string, KeptDeadFilters>;
}

/** Removes the dead filters of every layer that allows it. Returns whether any was removed. */
function cutDeadFilters(cutting: DeadFilterCut, constants: ConstantChannels): boolean {
  const { graph, multiple, refusals, cuts } = cutting;
  const own = uncoupledLayers(graph, couple(graph));
  const { found } = own;
  const firstOf = new Map(found.layers.map(({ node, first }) => [node, first]));
  const goes = new Set<number>();
  const dead = deadFilters(graph, firstOf, constants);
  const everywhere = deadEverywhere(found, new Set(dead.flatMap(({ labels }) => labels)));
  for (const { node, labels, filters } of dead) {
    const isShared = own.sharesWeight(node);
    const gone = isShared ? labels.filter((label) => everywhere.has(found.sets.find(label))) : labels;
    const sets = new Set(gone.map(found.sets.find));
    const refusal =
      (isShared ? (gone.length === 0 ? own.sharedBecause(node) : null) : own.sharedBecause(node)) ??
      nonZeroReader(found, sets, constants);
    const name = nodeName(node);
    refusals.delete(name);
    if (refusal) refusals.set(name, { ...refusal, where: name, filters: labels.length });
    else for (const label of withoutFillers(gone, filters, multiple)) goes.add(found.sets.find(label));
  }
  const removed = keepOneChannel(found, goes);
  if (removed.size === 0) return false;
  for (const layer of found.layers) count(cutting, layer, { sets: found.sets, removed });
  for (const { value, places } of removeChannels(graph, found, removed))
    for (const [axis, kept] of places) cuts.push({ name: value.name, axis, places: kept });
  return true;
}

/** The dead filters of a convolution. */
interface DeadFilters {
  readonly node: Node;
  /** Channel labels of its dead filters. */
  readonly labels: readonly number[];
  /** Number of all its filters. */
  readonly filters: number;
}

function deadFilters(
  graph: Graph,
  firstOf: ReadonlyMap<Node, number>,
  constants: ConstantChannels,
): DeadFilters[] {
  return graph.nodes.flatMap((node) => {
    const channels = isOperator(node, 'Conv') ? constants.get(onlyOutput(node)) : undefined;
    if (!channels) return [];
    const first = firstOf.get(node) ?? 0;
    const dead = [...channels.keys()].filter((m) => !Number.isNaN(channels[m]));
    return [{ node, labels: dead.map((m) => first + m), filters: channels.length }];
  });
}

/** The channel sets that can be removed: all their filters are dead. Layers that share a weight lose them together. */
function deadEverywhere({ sets, layers }: ChannelCoupling, dead: ReadonlySet<number>): Set<number> {
  const roots = new Set([...dead].map(sets.find).filter((root) => sets.reasonOf(root) === null));
  for (const { first, count } of layers) {
    for (let label = first; label < first + count; label++)
      if (!dead.has(label)) roots.delete(sets.find(label));
  }
  return roots;
}

function count(
  { removed }: DeadFilterCut,
  { node, first, count: of }: CoupledLayer,
  { sets, removed: goes }: { readonly sets: ChannelCoupling['sets']; readonly removed: ReadonlySet<number> },
): void {
  const name = nodeName(node);
  const before = removed.get(name);
  let filters = before?.filters ?? 0;
  for (let label = first; label < first + of; label++) if (goes.has(sets.find(label))) filters++;
  if (filters > 0) removed.set(name, { name, filters, of: before?.of ?? of });
}

/** The dead filters of a layer, except the first ones, which pad its width to a multiple. At least one filter is kept. */
function withoutFillers(dead: readonly number[], filters: number, multiple: number): readonly number[] {
  const live = filters - dead.length;
  const width = Math.max(1, Math.ceil(live / multiple)) * multiple;
  return dead.slice(Math.max(0, width - live));
}

/** Why channels of dead filters cannot be removed: where they are read, they are constant but not zero. */
function nonZeroReader(
  { readings, sets }: ChannelCoupling,
  dead: ReadonlySet<number>,
  constants: ConstantChannels,
): Refusal | null {
  const isDead = (label: number) => dead.has(sets.find(label));
  for (const { node, index, channels } of readings) {
    if (!channels.labels.some(isDead)) continue;
    const value = requiredInput(node, index);
    const known = channels.axes[0] === 1 ? constants.get(value) : undefined;
    const isZero = channels.labels.every((label, place) => !isDead(label) || known?.[place] === 0);
    if (!isZero) return refuse('inexact', `its removed filters output a non-zero constant in ${value.name}`);
  }
  return null;
}
