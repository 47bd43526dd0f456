import { describe, expect, it } from 'vitest';
import { type ChannelGroup, channelGroups } from '../../src/channels/channel-groups.ts';
import type { Channels } from '../../src/channels/coupling/channels.ts';
import type { ChannelCoupling } from '../../src/channels/coupling/scope.ts';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { makeTensor, stridesOf, type Tensor } from '../../src/numeric/tensor.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { couplings, network } from '../support/coupled-networks.ts';
import { transformerCouplings } from '../support/coupled-transformers.ts';

/** How often a class stands in each tensor: classes that differ here are not each other's like. */
function pattern({ sets, carried, slicings }: ChannelCoupling, root: number): string {
  const tensors = [...new Set([...carried.values(), ...slicings.map(({ channels }) => channels)])];
  return tensors
    .map(({ labels }) => labels.reduce((count, label) => count + Number(sets.find(label) === root), 0))
    .join();
}

/** Which class takes whose place: those that are alike, in a circle. */
function circle(found: ChannelCoupling, { sets, reasons }: ChannelGroup): Map<number, number> {
  const alike = new Map<string, number[]>();
  for (const root of sets) {
    if (reasons.has(root)) continue;
    const key = pattern(found, root);
    alike.set(key, [...(alike.get(key) ?? []), root]);
  }
  return new Map(
    [...alike.values()].flatMap((roots) => roots.map((root, i) => [root, roots.at(i - 1)!] as const)),
  );
}

/** Where the n-th place of a class's successor is, for each place along an axis. */
function sources({ labels }: Channels, found: ChannelCoupling, next: ReadonlyMap<number, number>): number[] {
  const roots = Array.from(labels, found.sets.find);
  const places = new Map<number, number[]>();
  roots.forEach((root, place) => {
    places.set(root, [...(places.get(root) ?? []), place]);
  });
  const seen = new Map<number, number>();
  return roots.map((root) => {
    const nth = seen.get(root) ?? 0;
    seen.set(root, nth + 1);
    return places.get(next.get(root) ?? root)![nth]!;
  });
}

function moved(tensor: Tensor, axis: number, from: readonly number[]): Tensor {
  const stride = stridesOf(tensor.shape)[axis]!;
  const data = Float32Array.from(tensor.data as Float32Array, (_, at) => {
    const place = Math.floor(at / stride) % from.length;
    return (tensor.data as Float32Array)[at + (from[place]! - place) * stride]!;
  });
  return makeTensor(tensor.dtype, tensor.shape, data);
}

async function permuted(given: Graph): Promise<{ moves: number; changed: number; error: number }> {
  const before = await prepareForPruning(given, onnxruntime);
  const after = await prepareForPruning(given, onnxruntime);
  const { found, groups } = channelGroups(after);
  const next = new Map(groups.flatMap((group) => [...circle(found, group)]));
  let changed = 0;
  for (const { value, channels } of found.slicings) {
    const from = sources(channels, found, next);
    if (from.some((place, i) => place !== i)) changed++;
    value.tensor = moved(value.tensor!, channels.axes[0]!, from);
  }
  const moves = [...next].filter(([to, from]) => to !== from).length;
  const { error } = await verifyEquivalent(before, after, { executor: onnxruntime, tolerance: 1e-4 });
  return { moves, changed, error };
}

describe('channels in another order leave the output as it was:', () => {
  it.each(Object.entries({ ...couplings, ...transformerCouplings }))('%s', async (_name, body) => {
    const { moves, changed, error } = await permuted(network(body));
    expect(moves).toBeGreaterThan(1);
    expect(changed).toBeGreaterThan(1);
    expect(error).toBeLessThan(1e-5);
  });
});
