import { cloneGraph } from '../../src/graph/clone.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferShapes } from '../../src/graph/shapes/index.ts';
import { random } from '../../src/numeric/random.ts';
import { channelGroups } from '../../src/pruning/channel-groups.ts';
import { maskedReference } from '../../src/pruning/masked.ts';
import { removeChannels } from '../../src/pruning/remove-channels.ts';
import { unshareParameters } from '../../src/pruning/unshare.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** Takes half of the classes of channels that may go out of every group, drawn by a seed; compares with the masked graph. */
export async function pruneHalf(given: Graph, seed = 1) {
  const graph = cloneGraph(given);
  unshareParameters(graph);
  inferShapes(graph);
  const { found, groups } = channelGroups(graph);
  const { uniform } = random(seed);
  const removed = new Set<number>();
  for (const { classes, reasons } of groups) {
    const free = classes.filter((root) => !reasons.has(root)).map((root) => ({ root, draw: uniform() }));
    free.sort((a, b) => a.draw - b.draw);
    for (const { root } of free.slice(0, Math.floor(free.length / 2))) removed.add(root);
  }
  const masked = maskedReference(graph, found, removed);
  removeChannels(graph, found, removed);
  const { error } = await verifyEquivalent(masked, graph, { executor: onnxruntime, tolerance: 1e-3 });
  return { graph, groups, removed, error };
}
