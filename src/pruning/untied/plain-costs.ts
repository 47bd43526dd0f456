import { nodeName } from '../../graph/graph.ts';
import type { Executor } from '../../runtime/executor.ts';
import { prepareChannels } from '../prepared-network.ts';
import type { CostModel } from '../ranking/cost-model.ts';
import { plainNetwork, type UntiedChannels } from './untied-network.ts';

/**
 * What the plain network of an untied one costs without some channel sets of the untied one. A layer of it has the filters of the
 * untied layer of its name, and behind them one for each channel that its block carries. Blocks that activate x first count as if
 * they read all of x beside it.
 */
export async function plainCosts(
  untied: UntiedChannels,
  executor: Executor,
): Promise<Pick<CostModel, 'without'>> {
  const { graph, size } = untied.prepared;
  const plain = await prepareChannels(plainNetwork(graph, untied), executor, { size });
  const { layers, sets } = plain.coupling.found;
  const setsOf = setsByLayer(untied);
  const counterparts = new Map<number, number[]>();
  for (const { node, first, count } of layers) {
    for (const [m, set] of (setsOf.get(nodeName(node)) ?? []).slice(0, count).entries())
      counterparts.set(set, [...(counterparts.get(set) ?? []), sets.find(first + m)]);
  }
  const { without } = plain.costs;
  return {
    without: (removed) => without(new Set([...removed].flatMap((set) => counterparts.get(set) ?? []))),
  };
}

/** The channel sets of each layer's filters, then those that are carried along it. */
function setsByLayer({ prepared, blocks }: UntiedChannels): Map<string, number[]> {
  const { layers, sets } = prepared.coupling.found;
  const own = new Map(
    layers.map(({ node, first, count }) => [
      nodeName(node),
      Array.from({ length: count }, (_, m) => sets.find(first + m)),
    ]),
  );
  const carried = blocks.flatMap(({ branch, reserve }) =>
    branch.map((layer) => [layer, own.get(reserve) ?? []] as const),
  );
  const along = new Map(carried);
  return new Map([...own].map(([layer, filters]) => [layer, [...filters, ...(along.get(layer) ?? [])]]));
}
