import { expect } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { cutChannels } from '../../src/channels/cut-channels.ts';
import { keepOneChannel } from '../../src/channels/keep-one-channel.ts';
import { maskedReference } from '../../src/channels/masked-reference.ts';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { random } from '../../src/numeric/random.ts';
import { elementCount } from '../../src/numeric/tensor.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** Takes half of the classes of channels that may go out of every group, drawn by a seed; compares with the masked graph. */
export async function pruneHalf(given: Graph, seed = 1) {
  const before = await prepareForPruning(given, onnxruntime);
  const coupling = channelGroups(before);
  const { found, groups } = coupling;
  const { uniform } = random(seed);
  const drawn = new Set<number>();
  for (const { sets, reasons } of groups) {
    const free = sets.filter((root) => !reasons.has(root)).map((root) => ({ root, draw: uniform() }));
    free.sort((a, b) => a.draw - b.draw);
    for (const { root } of free.slice(0, Math.floor(free.length / 2))) drawn.add(root);
  }
  const removed = keepOneChannel(found, drawn);
  const masked = maskedReference(before, found, removed)!;
  const { graph } = cutChannels({ graph: before, coupling }, removed);
  const { error } = await verifyEquivalent(masked, graph, { executor: onnxruntime, tolerance: 1e-3 });
  return { before, graph, groups, removed, error };
}

/** The elements that each node's output has of what it had, but for those along free dimensions. */
function narrowed(before: Graph, after: Graph): Record<string, number> {
  const sizes = ({ nodes }: Graph) =>
    new Map(
      nodes.map(({ name, outputs: [y] }) => [
        name,
        elementCount(y!.shape!.filter((dim) => typeof dim === 'number')),
      ]),
    );
  const was = sizes(before);
  return Object.fromEntries([...sizes(after)].map(([name, size]) => [name, size / was.get(name)!]));
}

/** Prunes half and expects: as the masked network, fewer MACs, every layer named narrower. */
export async function expectPruned(given: Graph, layers: readonly string[]): Promise<Graph> {
  const { before, graph, error } = await pruneHalf(given);
  expect(error).toBeLessThan(1e-5);
  expect(costs(graph).macs).toBeLessThan(0.6 * costs(before).macs);
  const parts = narrowed(before, graph);
  for (const name of layers) expect([name, parts[name]! < 0.8]).toEqual([name, true]);
  return graph;
}
