import { couple } from '../channels/coupling/index.ts';
import { extendFilters, uncoupledLayers } from '../channels/uncoupled-layers.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';

/** Widths below this fraction of a multiple are not padded: it would cost more than it could gain. */
const LEAST_FILLED = 0.5;

/**
 * Adds filters of zeros, and zero channels that read them, so that layers which share their channels with no other layer have
 * a multiple of `multiple` filters. Also returns the number of layers that were padded.
 */
export function fillWidths(
  network: Graph,
  multiple: number,
): { readonly graph: Graph; readonly filled: number } {
  const graph = cloneGraph(network);
  inferShapes(graph);
  const channels = uncoupledLayers(graph, couple(graph));
  let filled = 0;
  for (const { node, count } of channels.found.layers) {
    const more = (multiple - (count % multiple)) % multiple;
    if (more === 0 || count < multiple * LEAST_FILLED) continue;
    if (channels.sharedBecause(node) === null && extendFilters(channels, node, more)) filled++;
  }
  if (filled > 0) inferShapes(graph);
  return { graph, filled };
}
