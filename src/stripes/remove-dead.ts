import { EspalierError } from '../errors.ts';
import { uniqueNames } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import { type Graph, makeConstant, type Node, type Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes, replaceUses } from '../graph/topology.ts';
import { floats } from '../numeric/tensor.ts';
import { type ConstantChannels, constantChannels } from '../pruning/constant-channels.ts';
import { type PrivateChannels, privateChannels } from '../pruning/private-channels.ts';
import { layerName } from './layers.ts';

export interface RemovalOptions {
  /** Dead filters stay where they fill the width of a layer up to a multiple of this. Default 1: none does. */
  readonly multiple?: number;
  /** Which branches go: those that are constant (the default), or only those that add nothing. */
  readonly branches?: 'constant' | 'zero';
}

/** Slices of an initializer that stayed along an axis, each `block` wide. */
export interface Cut {
  readonly name: string;
  readonly axis: number;
  readonly block: number;
  readonly channels: readonly number[];
}

export interface DeadFilterRemoval {
  readonly graph: Graph;
  /** What was done to initializers, in order. */
  readonly cuts: readonly Cut[];
  /** Filters removed, by layer. */
  readonly removed: readonly { readonly name: string; readonly filters: number; readonly of: number }[];
  /** Adds whose branch was constant: the shortcut alone stays, with the constant where it is not zero. */
  readonly removedBranches: readonly string[];
  /** Layers whose dead filters stay, and why. */
  readonly leftAlone: readonly { readonly name: string; readonly filters: number; readonly reason: string }[];
}

/**
 * Removes filters whose map is zero for every input, with the input channels that read them, and branches that have
 * become constant. Exact: the network computes what it did. A filter stays where its channel is shared (a residual
 * sum); throws where the network's output has become constant.
 */
export function removeDeadFilters(
  network: Graph,
  { multiple = 1, branches = 'constant' }: RemovalOptions = {},
): DeadFilterRemoval {
  const graph = cloneGraph(network);
  const removedBranches: string[] = [];
  const cutting: Cutting = { graph, multiple, cuts: [], removed: new Map(), refusals: new Map() };
  for (let changed = true; changed; ) {
    const constants = constantChannels(graph);
    refuseCollapse(graph, constants);
    const isGone = (channels?: Float64Array) =>
      isConstant(channels) && (branches === 'constant' || channels!.every((value) => value === 0));
    const replaced = replaceBranches(graph, constants, isGone);
    removedBranches.push(...replaced);
    removeDeadNodes(graph);
    const cut = cutDeadFilters(cutting, constants);
    changed = replaced.length > 0 || cut;
  }
  inferShapes(graph);
  const { cuts, removed, refusals } = cutting;
  return { graph, cuts, removed: [...removed.values()], removedBranches, leftAlone: [...refusals.values()] };
}

function refuseCollapse(graph: Graph, constants: ConstantChannels): void {
  for (const node of graph.nodes) {
    const channels = constants.get(node.outputs[0]!);
    if (channels?.every((value) => !Number.isNaN(value)) && reachesEverything(graph, node)) {
      throw new EspalierError(
        'diverged',
        'all filters are dead: the network no longer depends on its input',
        {
          where: layerName(node),
        },
      );
    }
  }
}

/** Whether every path from the inputs to the outputs leads through a node: without it no output depends on an input. */
function reachesEverything(graph: Graph, barrier: Node): boolean {
  const reached = new Set<Value>(graph.inputs.filter((value) => !value.tensor));
  for (const node of graph.nodes) {
    if (node !== barrier && node.inputs.some((value) => value && reached.has(value))) {
      for (const value of node.outputs) if (value) reached.add(value);
    }
  }
  return !graph.outputs.some((value) => reached.has(value));
}

/** Replaces summands that are constant in all channels by a vector, or drops them where they are zero. */
function replaceBranches(
  graph: Graph,
  constants: ConstantChannels,
  isGone: (channels?: Float64Array) => boolean,
): string[] {
  const unique = uniqueNames(graph);
  const names: string[] = [];
  for (const node of [...graph.nodes]) {
    if (node.op !== 'Add' || node.domain !== '') continue;
    const index = node.inputs.findIndex((value) => value && !value.tensor && isGone(constants.get(value)));
    if (index < 0) continue;
    const channels = constants.get(node.inputs[index]!)!;
    const other = node.inputs[1 - index]!;
    names.push(layerName(node));
    if (channels.every((value) => value === 0)) {
      replaceUses(graph, node.outputs[0]!, other);
    } else {
      const rank = other.shape?.length ?? 4;
      const shape = [1, channels.length, ...new Array<number>(rank - 2).fill(1)];
      const vector = makeConstant(unique(`${layerName(node)}.branch`), floats(shape, channels));
      graph.initializers.push(vector);
      node.inputs[index] = vector;
    }
  }
  return names;
}

const isConstant = (channels: Float64Array | undefined): boolean =>
  !!channels && channels.every((value) => !Number.isNaN(value));

/** A removal on its way; layers by name. */
interface Cutting {
  readonly graph: Graph;
  readonly multiple: number;
  readonly cuts: Cut[];
  readonly removed: Map<string, { name: string; filters: number; of: number }>;
  readonly refusals: Map<string, { name: string; filters: number; reason: string }>;
}

/** Cuts the dead filters of every layer that can do without; whether any could. */
function cutDeadFilters(cutting: Cutting, constants: ConstantChannels): boolean {
  const { graph, multiple, refusals } = cutting;
  const links = connections(graph);
  let changed = false;
  for (const node of graph.nodes) {
    const channels = node.op === 'Conv' ? constants.get(node.outputs[0]!) : undefined;
    if (!channels) continue;
    const name = layerName(node);
    const dead = channels.filter((value) => !Number.isNaN(value)).length;
    const group = privateChannels(graph, node, links);
    const reason =
      group.kind === 'refused' ? group.reason : nonZeroReader(group.readers, channels, constants);
    refusals.delete(name);
    if (reason !== null || group.kind === 'refused') {
      refusals.set(name, { name, filters: dead, reason: reason! });
      continue;
    }
    const kept = keptFilters(channels, multiple);
    if (kept.length === channels.length) continue;
    cut(cutting, { name, group, kept });
    changed = true;
  }
  return changed;
}

/** All filters that live, and the first dead ones that fill their number up to a multiple; one at least. */
function keptFilters(channels: Float64Array, multiple: number): number[] {
  const live = [...channels.keys()].filter((m) => Number.isNaN(channels[m]));
  const dead = [...channels.keys()].filter((m) => !Number.isNaN(channels[m]));
  const width = Math.max(1, Math.ceil(live.length / multiple)) * multiple;
  return [...live, ...dead.slice(0, Math.max(0, width - live.length))].sort((a, b) => a - b);
}

interface Choice {
  readonly name: string;
  readonly group: PrivateChannels;
  readonly kept: readonly number[];
}

function cut({ cuts, removed }: Cutting, { name, group, kept }: Choice): void {
  const sliced = group.slicings.map(({ value, axis, block }) => ({ name: value.name, axis, block }));
  group.select(kept);
  cuts.push(...sliced.map((slicing) => ({ ...slicing, channels: kept })));
  const before = removed.get(name);
  const filters = group.count - kept.length + (before?.filters ?? 0);
  removed.set(name, { name, filters, of: before?.of ?? group.count });
}

/** Why a dead filter's channel cannot go: its map is constant but not zero where it is read. */
function nonZeroReader(
  readers: readonly { readonly value: Value; readonly block: number }[],
  channels: Float64Array,
  constants: ConstantChannels,
): string | null {
  for (const { value, block } of readers) {
    const found = constants.get(value);
    const zero = [...channels.keys()].every((m) => Number.isNaN(channels[m]) || found?.[m * block] === 0);
    if (!zero) return `its dead filters are constant but not zero in ${value.name}`;
  }
  return null;
}
