import { type Graph, nodeName } from '../graph/graph.ts';
import { inputsOf } from '../graph/operators/index.ts';
import { livePositions } from './live-positions.ts';
import { hasStripes } from './skeleton.ts';

/** The learned shapes of one layer's filters. */
export interface LayerShapes {
  readonly layer: string;
  readonly kernel: readonly [number, number];
  readonly filters: number;
  /** For each filter, a bit mask: bit i·kW + j is set if the stripe at (i, j) is living. */
  readonly masks: readonly number[];
}

/** Number of positions that fit into a bit mask. */
const MOST_POSITIONS = 31;

/** Reads the filter shapes of a masked network: a stripe is dead if W[m, :, i, j] is entirely zero. */
export function filterShapes(network: Graph): LayerShapes[] {
  return network.nodes.filter(hasStripes).flatMap((node) => {
    const { tensor } = inputsOf(node, 'Conv').weight;
    const [filters = 0, channels = 0, kH = 1, kW = 1] = tensor?.shape ?? [];
    if (tensor?.shape.length !== 4 || kH * kW > MOST_POSITIONS) return [];
    const live = livePositions(tensor.data as Float32Array, filters, channels);
    const masks = live.map((positions) => positions.reduce((mask, position) => mask | (1 << position), 0));
    return [{ layer: nodeName(node), kernel: [kH, kW] as const, filters, masks }];
  });
}
