import { describe, expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { buildModel } from '../../src/models/index.ts';
import { conv, couplings, network } from '../support/coupled-networks.ts';
import { transformerCouplings } from '../support/coupled-transformers.ts';
import { pruneHalf } from '../support/pruned-halves.ts';
import { normals } from '../support/run-graph.ts';

describe('channels that go from', () => {
  it.each(Object.entries({ ...couplings, ...transformerCouplings }))(
    '%s leave what zeros in their place leave',
    async (_name, body) => {
      const given = network(body);
      const { graph, removed, error } = await pruneHalf(given);
      expect(removed.size).toBeGreaterThan(0);
      expect(costs(graph).macs).toBeLessThan(costs(given).macs);
      expect(error).toBeLessThan(1e-5);
    },
  );

  it.each(['resnet20', 'resnet20-b', 'espalier-demo'])('%s leave what zeros leave', async (name) => {
    const { error, groups } = await pruneHalf(buildModel(name));
    expect(error).toBeLessThan(1e-5);
    expect(
      groups.filter(({ sets, reasons }) => reasons.size === sets.length).map(({ root }) => root),
    ).toEqual(['fc']);
  });
});

describe('channels stay, with the reason,', () => {
  const reasonsIn = (body: (g: Builder, x: Value) => Value) =>
    channelGroups(network(body)).groups.flatMap(({ root, reasons }) =>
      [...new Set(reasons.values())].map((reason) => `${root}: ${reason}`),
    );

  it.each<[string, (g: Builder, x: Value) => Value, string]>([
    ['that the network gives out', (_g, x) => x, 'head: it is an output of the network'],
    [
      'that are normalised over',
      (g, x) => {
        const wide = g.Transpose(conv(g, x, 'wide', { filters: 4 }), { perm: [0, 2, 3, 1] });
        const scale = g.constant(normals([4], 5));
        return g.Transpose(g.named('norm').LayerNormalization(wide, scale, null, { axis: -1 }), {
          perm: [0, 3, 1, 2],
        });
      },
      'wide: it is normalised over in norm (LayerNormalization)',
    ],
    [
      'that meet the image',
      (g, x) => {
        const wide = conv(g, x, 'wide', { filters: 6 });
        return g.named('sum').Add(x, wide);
      },
      'wide: it is combined with x, which has no channels, in sum (Add)',
    ],
    [
      'that meet a computed bias',
      (g, x) => {
        const bias = g.named('bias').ReduceMean(x, g.int64s([0, 2, 3]), { keepdims: 0 });
        return g.named('wide').Conv(x, g.constant(normals([6, 6, 1, 1], 2)), bias);
      },
      'wide: it is combined with bias, which is not constant, in wide (Conv)',
    ],
    [
      'that are reduced',
      (g, x) => {
        const wide = conv(g, x, 'wide', { filters: 6 });
        return g.named('mean').ReduceMean(wide, g.int64s([1]), { keepdims: 1 });
      },
      'wide: it is reduced in mean (ReduceMean)',
    ],
    [
      'that meet a tensor of other sizes, as in a node with one input too many',
      (g, x) => {
        const wide = conv(g, x, 'wide', { filters: 8 });
        const y = g.named('prelu').PRelu(wide, g.constant(normals([8, 1, 1], 3)));
        g.graph.nodes.find(({ name }) => name === 'prelu')!.inputs.push(g.constant(normals([8, 3, 3, 3], 4)));
        return y;
      },
      expect.stringMatching(
        /^wide: it is combined with .*, which has shape \[3\] for \[8\] channels, in prelu \(PRelu\)$/,
      ),
    ],
    [
      'that are sliced in steps of 0',
      (g, x) => {
        const wide = conv(g, x, 'wide', { filters: 8 });
        const y = g.named('slice').Slice(wide, g.int64s([0]), g.int64s([4]), g.int64s([1]), g.int64s([1]));
        const slice = g.graph.nodes.find(({ name }) => name === 'slice')!;
        (slice.inputs[4]!.tensor!.data as BigInt64Array)[0] = 0n;
        return y;
      },
      'wide: it is read by slice (Slice)',
    ],
  ])('%s', (_name, body, reason) => {
    expect(reasonsIn(body)).toContainEqual(reason);
  });
});
