import { expect, it } from 'vitest';
import { type Builder, builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../../src/graph/graph.ts';
import { convRelu, initializer, seedOf } from '../../support/layers.ts';
import { expectPruned } from '../../support/pruned-halves.ts';

/** y [N, filters, 2H, 2W] by a transposed convolution. */
function larger(g: Builder, x: Value, { name, filters }: { name: string; filters: number }): Value {
  const w = initializer(g, [Number(x.shape![1]), filters, 2, 2], seedOf(name));
  return g.named(name).ConvTranspose(x, w, initializer(g, [filters], seedOf(name) + 1), { strides: [2, 2] });
}

/** A U of two depths: what goes down is joined beside what comes up; a class a pixel comes out. */
function segmenter(): Graph {
  const graph = emptyGraph('segmenter');
  const g = builderOf(graph);
  const image = g.input('image', 'float32', ['N', 3, 16, 16]);
  const pool = (x: Value) => g.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] }, 1)[0]!;
  const first = convRelu(g, image, { name: 'down1', filters: 10 });
  const second = convRelu(g, pool(first), { name: 'down2', filters: 14 });
  const bottom = convRelu(g, pool(second), { name: 'bottom', filters: 20 });
  const up2 = convRelu(g, g.Concat(larger(g, bottom, { name: 'up2', filters: 12 }), second, { axis: 1 }), {
    name: 'merge2',
    filters: 16,
  });
  const up1 = convRelu(g, g.Concat(first, larger(g, up2, { name: 'up1', filters: 8 }), { axis: 1 }), {
    name: 'merge1',
    filters: 12,
  });
  const sets = g.named('sets').Conv(up1, initializer(g, [4, 12, 1, 1], 9));
  g.output(g.Softmax(sets, { axis: 1 }), 'mask');
  return graph;
}

it('a segmenter with skips and transposed convolutions', async () => {
  const graph = await expectPruned(segmenter(), [
    'down1',
    'down2',
    'bottom',
    'up2',
    'merge2',
    'up1',
    'merge1',
  ]);
  expect(graph.outputs[0]!.shape?.slice(1)).toEqual([4, 16, 16]);
});
