import { expect, it } from 'vitest';
import { cloneGraph, type Executor, fold, type Graph, onnxruntime } from '../../src/index.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork, zero } from '../support/small-network.ts';

const operators = ({ nodes }: Graph) => nodes.map(({ op }) => op);

it('folds a network, which then computes the same, and says how far it is from the one given', async () => {
  const network = plainNetwork();
  const { graph, counts, error, unchanged } = await fold(network);
  expect(operators(network)).toContain('BatchNormalization');
  expect(operators(graph)).not.toContain('BatchNormalization');
  expect(counts).toMatchObject({ batchnorm: 2 });
  expect(unchanged).toBe(false);
  expect(error).toBeLessThan(1e-5);
  const images = normals([2, 3, 8, 8], 3);
  const [expected, found] = [await outputOf(network, images), await outputOf(graph, images)];
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
});

it('converts a network, and leaves one alone that has nothing to fold', async () => {
  const { graph } = await fold(plainNetwork(), { elementType: 'float16' });
  expect(graph.inputs[0]!.dtype).toBe('float16');
  const again = await fold((await fold(plainNetwork())).graph);
  expect(again).toMatchObject({ changed: 0, unchanged: true, error: null });
});

it('refuses a result that computes something else, unless it is not to be compared', async () => {
  const executor: Executor = {
    ...onnxruntime,
    compile(graph, options) {
      const changed = cloneGraph(graph);
      const isResult = !operators(graph).includes('BatchNormalization');
      const weight = changed.initializers.find(({ name }) => name === 'fc.weight');
      if (isResult && weight) zero(weight, () => true);
      return onnxruntime.compile(changed, options);
    },
  };
  await expect(fold(plainNetwork(), { executor })).rejects.toMatchObject({ code: 'verification' });
  expect(await fold(plainNetwork(), { executor, verify: false })).toMatchObject({ error: null });
});
