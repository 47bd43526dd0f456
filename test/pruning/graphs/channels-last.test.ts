import { it } from 'vitest';
import { type Builder, builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../../src/graph/graph.ts';
import { initializer, seedOf } from '../../support/layers.ts';
import { expectPruned } from '../../support/pruned-halves.ts';

const toChannelsFirst = { perm: [0, 3, 1, 2] };
const toChannelsLast = { perm: [0, 2, 3, 1] };

interface Layer {
  readonly name: string;
  readonly filters: number;
  readonly group?: number;
}

/** A convolution of [N, H, W, C] between two Transposes, and a bias that is added behind the second, as TensorFlow exports. */
function conv(g: Builder, x: Value, { name, filters, group = 1 }: Layer): Value {
  const w = initializer(g, [filters, Number(x.shape![3]) / group, 3, 3], seedOf(name));
  const rows = g.Transpose(x, toChannelsFirst);
  const y = g.named(name).Conv(rows, w, null, { group, pads: [1, 1, 1, 1] });
  return g.Add(g.Transpose(y, toChannelsLast), initializer(g, [filters], seedOf(name) + 1));
}

const relu6 = (g: Builder, x: Value) => g.Clip(x, g.floats(0), g.floats(6));

/** An inverted residual block, a gate, shortcuts padded along the last axis, and a flattening of [N, H, W, C]. */
function network(): Graph {
  const graph = emptyGraph('channels last');
  const g = builderOf(graph);
  const image = g.input('image', 'float32', ['N', 8, 8, 3]);
  const stem = relu6(g, conv(g, image, { name: 'stem', filters: 8 }));
  const wide = relu6(g, conv(g, stem, { name: 'wide', filters: 16 }));
  const each = relu6(g, conv(g, wide, { name: 'depthwise', filters: 16, group: 16 }));
  const mean = g.ReduceMean(each, g.int64s([1, 2]));
  const squeezed = g.Relu(g.named('squeeze').MatMul(mean, initializer(g, [16, 6], 3)));
  const gate = g.Sigmoid(g.named('excite').MatMul(squeezed, initializer(g, [6, 16], 4)));
  const block = g.Add(stem, conv(g, g.Mul(each, gate), { name: 'narrow', filters: 8 }));
  const padded = g.Pad(block, g.int64s([0, 0, 0, 1, 0, 0, 0, 3]));
  const last = g.Add(padded, conv(g, block, { name: 'wider', filters: 12 }));
  const flat = g.Reshape(last, g.int64s([-1, 8 * 8 * 12]));
  const hidden = g.Relu(g.named('hidden').MatMul(flat, initializer(g, [768, 10], 5)));
  g.output(g.Softmax(g.MatMul(hidden, initializer(g, [10, 4], 6)), { axis: -1 }), 'sets');
  return graph;
}

it('a network whose channels come last, as TensorFlow has them', async () => {
  await expectPruned(network(), [
    ...['stem', 'wide', 'depthwise', 'squeeze', 'excite', 'narrow', 'wider', 'hidden'],
  ]);
});
