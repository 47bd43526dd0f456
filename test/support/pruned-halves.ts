import type { Graph } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { channelGroups } from '../../src/pruning/channel-groups.ts';
import { maskedReference } from '../../src/pruning/masked.ts';
import { prepareForPruning } from '../../src/pruning/prepare.ts';
import { removeChannels } from '../../src/pruning/remove-channels.ts';
import { spareLast } from '../../src/pruning/spare-last.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** Takes half of the classes of channels that may go out of every group, drawn by a seed; compares with the masked graph. */
export async function pruneHalf(given: Graph, seed = 1) {
  const graph = await prepareForPruning(given, onnxruntime);
  const { found, groups } = channelGroups(graph);
  const { uniform } = random(seed);
  const drawn = new Set<number>();
  for (const { classes, reasons } of groups) {
    const free = classes.filter((root) => !reasons.has(root)).map((root) => ({ root, draw: uniform() }));
    free.sort((a, b) => a.draw - b.draw);
    for (const { root } of free.slice(0, Math.floor(free.length / 2))) drawn.add(root);
  }
  const removed = spareLast(found, drawn);
  const masked = maskedReference(graph, found, removed);
  removeChannels(graph, found, removed);
  const { error } = await verifyEquivalent(masked, graph, { executor: onnxruntime, tolerance: 1e-3 });
  return { graph, groups, removed, error };
}
