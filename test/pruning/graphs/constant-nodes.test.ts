import { expect, it } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph } from '../../../src/graph/graph.ts';
import { parseModel, serializeModel } from '../../../src/onnx/index.ts';
import { constantNode, convRelu } from '../../support/layers.ts';
import { expectPruned } from '../../support/pruned-halves.ts';

it('a network whose weights come from Constant nodes, one of them read twice', async () => {
  const graph = emptyGraph('constants');
  const g = builderOf(graph);
  const image = g.input('image', 'float32', ['N', 3, 8, 8]);
  const parameter = constantNode;
  const first = convRelu(g, image, { name: 'first', filters: 12, parameter });
  const shared = constantNode(g, [12], 5);
  const scale = g.Unsqueeze(shared, g.int64s([1, 2]));
  const scaled = g.Add(g.Mul(first, scale), scale);
  const second = convRelu(g, scaled, { name: 'second', filters: 10, parameter });
  const flat = g.Flatten(g.GlobalAveragePool(second));
  g.output(g.Gemm(flat, constantNode(g, [10, 4], 6), constantNode(g, [4], 7)), 'sets');
  expect(graph.initializers.filter(({ tensor }) => tensor?.dtype === 'float32')).toEqual([]);
  await expectPruned(parseModel(serializeModel(graph)), ['first', 'second']);
});
