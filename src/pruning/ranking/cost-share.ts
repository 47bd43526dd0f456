import { cutChannels } from '../../channels/cut-channels.ts';
import { inputFeedsOf } from '../../graph/inputs/input-feeds.ts';
import { withFixedShapes } from '../../measure/bind-shapes.ts';
import { requiredTimer, type Timer } from '../../measure/timer.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { serializeModel } from '../../onnx/index.ts';
import type { PreparedNetwork } from '../prepared-network.ts';

/** The network to which the channel sets belong. */
type CoupledUnits = Pick<PreparedNetwork, 'graph' | 'coupling' | 'units' | 'costs' | 'size'>;

/** What each channel set that may be removed costs. */
const shares = {
  /** The MACs of the whole network that it alone would save. */
  macs: macsSaved,
  /** Bytes of its activations. */
  bytes: activationBytes,
  /** Measured milliseconds. */
  ms: milliseconds,
} satisfies Record<
  string,
  (network: CoupledUnits, timer?: Timer) => Map<number, number> | Promise<Map<number, number>>
>;

/** What a channel set costs. */
export type CostShare = keyof typeof shares;

interface Costing {
  readonly per: CostShare;
  /** Required for milliseconds. */
  readonly timer?: Timer | undefined;
}

/** What each channel set costs, by its root label. */
export const costsOfSets = async (
  network: CoupledUnits,
  { per, timer }: Costing,
): Promise<ReadonlyMap<number, number>> => shares[per](network, timer);

/**
 * Divides scores by the cost of each channel set, so that of equal scores, expensive channels are removed first (Liu et al.,
 * Group Fisher Pruning, ICML 2021, arXiv:2108.00708: at equal FLOPs, speed follows memory).
 */
export async function shareCosts(
  network: CoupledUnits,
  { scores, ...costing }: Costing & { readonly scores: ReadonlyMap<number, number> },
): Promise<ReadonlyMap<number, number>> {
  const costs = await costsOfSets(network, costing);
  const known = [...costs.values()].filter((cost) => cost > 0);
  const least = Math.min(...known) || 1;
  return new Map(
    [...scores].map(([root, score]) => [root, (score * least) / Math.max(costs.get(root) ?? 0, least)]),
  );
}

/** Sets of a unit save the same. */
function macsSaved({ units, costs }: CoupledUnits): Map<number, number> {
  return new Map(
    units.flatMap(({ sets, reasons }) => {
      const free = sets.filter((root) => !reasons.has(root));
      const saved = costs.whole.macs - costs.without(new Set(free.slice(0, 1))).macs;
      return free.map((root) => [root, saved] as const);
    }),
  );
}

/** Bytes per image of all float32 values that contain a channel of each set. */
function activationBytes({ graph, coupling: { found }, size }: CoupledUnits): Map<number, number> {
  const fixed = withFixedShapes(graph, { batch: 1, size });
  const sizes = new Map(
    fixed.nodes.flatMap(({ outputs }) =>
      outputs.flatMap((value) => {
        const dims = value?.shape?.map(Number);
        return value && dims?.every((dim) => dim >= 0) ? [[value.name, elementCount(dims)] as const] : [];
      }),
    ),
  );
  const bytes = new Map<number, number>();
  for (const [value, { labels }] of found.carried) {
    const each = (4 * (sizes.get(value.name) ?? 0)) / labels.length;
    for (const label of labels) {
      const root = found.sets.find(label);
      bytes.set(root, (bytes.get(root) ?? 0) + each);
    }
  }
  return bytes;
}

/**
 * Milliseconds per channel set of each unit: the network is timed in alternation with a copy that lacks half of the unit's
 * removable channel sets. Units whose saving is below the noise get the lowest cost.
 */
async function milliseconds(
  { graph, coupling, units, size }: CoupledUnits,
  timer?: Timer,
): Promise<Map<number, number>> {
  const { benchmark, threads } = requiredTimer(timer, 'scores per millisecond');
  const reference = serializeModel(graph);
  const costs = new Map<number, number>();
  for (const { sets, reasons } of units) {
    const free = sets.filter((root) => !reasons.has(root));
    const half = free.slice(0, Math.floor(free.length / 2));
    if (half.length === 0) continue;
    const cut = cutChannels({ graph, coupling }, new Set(half));
    const { models } = await benchmark([reference, serializeModel(cut.graph)], {
      threads,
      seconds: 1,
      size,
      inputs: inputFeedsOf(graph),
    });
    const saved = Math.max(0, models[0]!.medianMs - models[1]!.medianMs) / half.length;
    for (const root of free) costs.set(root, saved);
  }
  return costs;
}
