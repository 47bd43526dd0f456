import { cutChannels } from '../../channels/cut-channels.ts';
import { inputFeedsOf } from '../../graph/inputs/input-feeds.ts';
import { withFixedShapes } from '../../measure/bind-shapes.ts';
import { requiredTimer, type Timer } from '../../measure/timer.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { serializeModel } from '../../onnx/index.ts';
import type { PreparedNetwork } from '../prepared-network.ts';

/** The cost of a channel set: bytes of its activations, or measured milliseconds. */
export type CostShare = 'bytes' | 'ms';

interface Sharing {
  readonly per: CostShare;
  readonly scores: ReadonlyMap<number, number>;
  /** Required for milliseconds. */
  readonly timer?: Timer | undefined;
}

/** The network to which the channel sets belong. */
type CoupledUnits = Pick<PreparedNetwork, 'graph' | 'coupling' | 'units' | 'size'>;

/**
 * Divides scores by the cost of each channel set, so that of equal scores, expensive channels are removed first (Liu et al.,
 * Group Fisher Pruning, ICML 2021, arXiv:2108.00708: at equal FLOPs, speed follows memory).
 */
export async function shareCosts(
  network: CoupledUnits,
  { per, scores, timer }: Sharing,
): Promise<ReadonlyMap<number, number>> {
  const costs = per === 'bytes' ? activationBytes(network) : await milliseconds(network, timer);
  const known = [...costs.values()].filter((cost) => cost > 0);
  const least = Math.min(...known) || 1;
  return new Map(
    [...scores].map(([root, score]) => [root, (score * least) / Math.max(costs.get(root) ?? 0, least)]),
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
  timer: Timer | undefined,
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
