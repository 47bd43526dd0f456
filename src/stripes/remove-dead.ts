import { EspalierError } from '../errors.ts';
import { uniqueNames } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import { type Graph, makeConstant, type Node, type Value } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes, replaceUses } from '../graph/topology.ts';
import { floats } from '../numeric/tensor.ts';
import { type ConstantChannels, constantChannels } from '../pruning/constant-channels.ts';
import { privateChannels } from '../pruning/private-channels.ts';
import { layerName } from './layers.ts';

export interface DeadFilterRemoval {
  readonly graph: Graph;
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
export function removeDeadFilters(network: Graph): DeadFilterRemoval {
  const graph = cloneGraph(network);
  const removedBranches: string[] = [];
  const removed = new Map<string, { name: string; filters: number; of: number }>();
  const refusals = new Map<string, { name: string; filters: number; reason: string }>();
  for (let changed = true; changed; ) {
    const constants = constantChannels(graph);
    refuseCollapse(graph, constants);
    const branches = replaceConstantBranches(graph, constants);
    removedBranches.push(...branches);
    removeDeadNodes(graph);
    const cut = cutDeadFilters(graph, constants, refusals);
    for (const { name, filters, of } of cut) {
      const before = removed.get(name);
      removed.set(name, { name, filters: filters + (before?.filters ?? 0), of: before?.of ?? of });
    }
    changed = branches.length + cut.length > 0;
  }
  inferShapes(graph);
  return { graph, removed: [...removed.values()], removedBranches, leftAlone: [...refusals.values()] };
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
function replaceConstantBranches(graph: Graph, constants: ConstantChannels): string[] {
  const unique = uniqueNames(graph);
  const names: string[] = [];
  for (const node of [...graph.nodes]) {
    if (node.op !== 'Add' || node.domain !== '') continue;
    const index = node.inputs.findIndex(
      (value) => value && !value.tensor && isConstant(constants.get(value)),
    );
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

function cutDeadFilters(
  graph: Graph,
  constants: ConstantChannels,
  refusals: Map<string, { name: string; filters: number; reason: string }>,
) {
  const links = connections(graph);
  const cut: { name: string; filters: number; of: number }[] = [];
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
    const live = [...channels.keys()].filter((m) => Number.isNaN(channels[m]));
    if (live.length === 0) live.push(0);
    if (live.length === channels.length) continue;
    group.select(live);
    cut.push({ name, filters: channels.length - live.length, of: channels.length });
  }
  return cut;
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
