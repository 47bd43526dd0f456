import { describe, expect, it } from 'vitest';
import { channelGroups } from '../../src/channels/channel-groups.ts';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { convRelu, initializer } from '../support/layers.ts';
import { expectPruned } from '../support/pruned-halves.ts';

/** [N, 3, 8, 8] → wide [N, 12, 8, 8] → body → [N, 4, …]. */
function network(body: (g: Builder, wide: Value) => Value): Graph {
  const graph = emptyGraph('free batch');
  const g = builderOf(graph);
  const wide = convRelu(g, g.input('x', 'float32', ['N', 3, 8, 8]), { name: 'wide', filters: 12 });
  const y = body(g, wide);
  g.output(g.Conv(y, initializer(g, [4, Number(y.shape![1]), 1, 1], 9)), 'y');
  return graph;
}

/** The first sizes of x as it comes. */
const sizes = (g: Builder, x: Value, count: number) => g.node('Shape', [x], { start: 0, end: count }, 1)[0]!;

const cases: Record<string, (g: Builder, x: Value) => Value> = {
  'shuffles by a shape that it computes': (g, x) => {
    const split = g.Reshape(x, g.Concat(sizes(g, x, 1), g.int64s([3, 4, 8, 8]), { axis: 0 }));
    const mixed = g.Transpose(split, { perm: [0, 2, 1, 3, 4] });
    return g.Reshape(mixed, g.Concat(sizes(g, x, 1), g.int64s([12, 8, 8]), { axis: 0 }));
  },
  'folds heads into the batch': (g, x) => {
    const [batch] = [sizes(g, x, 1)];
    const heads = g.Reshape(x, g.Concat(g.Mul(batch, g.int64s([3])), g.int64s([4, 8, 8]), { axis: 0 }));
    return g.Reshape(g.Tanh(heads), g.Concat(batch, g.int64s([12, 8, 8]), { axis: 0 }));
  },
  'resizes to sizes that it computes': (g, x) => {
    const wanted = g.Concat(sizes(g, x, 2), g.int64s([13, 24]), { axis: 0 });
    return g.node('Resize', [x, null, null, wanted], { mode: 'nearest' }, 1)[0]!;
  },
};

describe('a network of free batch that', () => {
  it.each(Object.entries(cases))('%s can be cut, and keeps its batch free', async (_name, body) => {
    const prepared = await prepareForPruning(network(body), onnxruntime);
    expect(prepared.nodes.map(({ op }) => op)).not.toContain('Shape');
    const { error } = await verifyEquivalent(network(body), prepared, { executor: onnxruntime, batch: 3 });
    expect(error).toBeLessThan(1e-6);
    const pruned = await expectPruned(network(body), ['wide']);
    expect(pruned.outputs[0]!.shape![0]).toBe('N');
  });
});

it('a network whose Reshape computes more than its batch is left alone there, with the reason', async () => {
  const graph = emptyGraph('free size');
  const g = builderOf(graph);
  const wide = convRelu(g, g.input('x', 'float32', ['N', 3, 'H', 8]), { name: 'wide', filters: 12 });
  const rows = g.Reshape(wide, g.Concat(sizes(g, wide, 2), g.int64s([-1]), { axis: 0 }));
  g.output(g.ReduceMean(rows, g.int64s([2]), { keepdims: 0 }), 'y');
  const { groups } = channelGroups(await prepareForPruning(graph, onnxruntime));
  expect([...groups[0]!.reasons.values()][0]).toBe('it has free dimensions in Reshape (Reshape)');
});
