import { expect, it } from 'vitest';
import { emptyGraph, makeNode, makeValue } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

it('allocates no result by the size that a file declares for it', async () => {
  const graph = emptyGraph('declared');
  const x = makeValue('x', 'float32', ['N', 2]);
  const y = makeValue('y', 'float32', [2 ** 40, 50]);
  graph.inputs.push(x);
  graph.nodes.push(makeNode('Relu', { name: 'relu', inputs: [x], outputs: [y] }));
  graph.outputs.push(y);
  const program = await onnxruntime.compile(graph, { unbounded: true });
  const results = await program.run({ x: floats([1, 2], [-1, 3]) }).finally(() => program.close());
  expect(results.y?.shape).toEqual([1, 2]);
});
