import { expect, it } from 'vitest';
import { costs, findResiduals, removeResiduals } from '../../src/index.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { residualNetwork } from '../support/small-network.ts';

it('makes a plain network that computes the same, with its costs before and after', async () => {
  const network = residualNetwork();
  const { graph, converted, refusals, fused, error, before, after } = await removeResiduals(network);
  expect(findResiduals(network)).toHaveLength(1);
  expect(findResiduals(graph)).toHaveLength(0);
  expect(converted.map(({ add }) => add)).toEqual(['block.add']);
  expect([refusals, fused]).toEqual([[], 0]);
  expect(error).toBeLessThan(1e-5);
  expect(before.macs).toBe(costs(network).macs);
  expect(after.macs).toBe(costs(graph).macs);
  const images = normals([2, 3, 8, 8], 3);
  const [expected, found] = [await outputOf(network, images), await outputOf(graph, images)];
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
});

it('leaves blocks that would grow too much, and compares nothing where nothing was converted', async () => {
  const { converted, refusals, error } = await removeResiduals(residualNetwork(), { maxGrowth: 1 });
  expect(converted).toEqual([]);
  expect(refusals).toMatchObject([{ reason: expect.stringContaining('times the weights') }]);
  expect(error).toBeNull();
});

it('names the option whose glob names no Add', async () => {
  const failing = removeResiduals(residualNetwork(), { only: 'layer9*' });
  await expect(failing).rejects.toThrow('`only`: no Add is named layer9*');
});
