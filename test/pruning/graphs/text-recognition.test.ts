import { expect, it } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../../src/graph/graph.ts';
import { convRelu, initializer } from '../../support/layers.ts';
import { expectPruned } from '../../support/pruned-halves.ts';

/** Lines of text, [N, 1, 8, 32] → [32 columns, N, 11 characters]: columns of features become a sequence. */
function recognizer(): Graph {
  const graph = emptyGraph('recognizer');
  const g = builderOf(graph);
  const image = g.input('image', 'float32', ['N', 1, 8, 32]);
  const first = convRelu(g, image, { name: 'conv1', filters: 12 });
  const pooled = g.node('MaxPool', [first], { kernel_shape: [2, 1], strides: [2, 1] }, 1)[0]!;
  const features = convRelu(g, pooled, { name: 'conv2', filters: 16 });
  // [N, 16, 4, 32] → [N, 64, 32] → [32, N, 64]
  const columns = g.Transpose(g.Reshape(features, g.int64s([0, 64, 32])), { perm: [2, 0, 1] });
  const hidden = g.Add(
    g.named('hidden').MatMul(columns, initializer(g, [64, 24], 3)),
    initializer(g, [24], 4),
  );
  const mixed = g.named('mixed').MatMul(g.Tanh(hidden), initializer(g, [24, 18], 5));
  const scores = g.Add(g.MatMul(g.Relu(mixed), initializer(g, [18, 11], 6)), initializer(g, [11], 7));
  g.output(g.LogSoftmax(scores, { axis: 2 }), 'characters');
  return graph;
}

it('a recogniser of text, whose columns become a sequence', async () => {
  const graph = await expectPruned(recognizer(), ['conv1', 'conv2', 'hidden', 'mixed']);
  expect(graph.outputs[0]!.shape).toEqual([32, 'N', 11]);
});
