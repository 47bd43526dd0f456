import { expect, it } from 'vitest';
import { type Builder, builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../../src/graph/graph.ts';
import { initializer, seedOf } from '../../support/layers.ts';
import { pruneHalf } from '../../support/pruned-halves.ts';

function conv(g: Builder, x: Value, name: string, { filters = 8, stride = 1 } = {}): Value {
  const weight = initializer(g, [filters, Number(x.shape![1]), 3, 3], seedOf(name));
  return g.Relu(g.named(name).Conv(x, weight, null, { strides: [stride, stride], pads: [1, 1, 1, 1] }));
}

/** Targets of Reshape are made of the sizes of the maps, as exporters of free sizes write them. */
function shuffled(g: Builder, x: Value): Value {
  const sizes = g.Shape(x);
  const [batch, height, width] = [0, 2, 3].map((axis) => g.Gather(sizes, g.int64s([axis])));
  const target = (channels: readonly number[]) =>
    g.node('Concat', [batch!, g.int64s(channels), height!, width!], { axis: 0 }, 1)[0]!;
  const apart = g.Reshape(x, target([2, 8]));
  return g.Reshape(g.Transpose(apart, { perm: [0, 2, 1, 3, 4] }), target([16]));
}

function network(): Graph {
  const graph = emptyGraph('channel shuffle');
  const g = builderOf(graph);
  const stem = conv(g, g.input('image', 'float32', ['N', 3, 'H', 'W']), 'stem', { stride: 2 });
  const [left, right] = [conv(g, stem, 'left'), conv(g, stem, 'right')];
  const both = g.node('Concat', [left, right], { axis: 1 }, 1)[0]!;
  const last = conv(g, shuffled(g, both), 'last', { filters: 6, stride: 2 });
  g.output(g.Gemm(g.Flatten(g.GlobalAveragePool(last)), initializer(g, [6, 4], 1)), 'sets');
  return graph;
}

it('channels are shuffled where height and width are free', async () => {
  const { groups, error } = await pruneHalf(network());
  expect(error).toBeLessThan(1e-5);
  const reasons = groups.flatMap(({ reasons: own }) => [...own.values()]);
  expect(new Set(reasons)).toEqual(new Set(['it is an output of the network']));
});
