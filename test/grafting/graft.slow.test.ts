import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRunDirectory, type Graph, graft, makeRecipe, onnxruntime } from '../../src/index.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { trainingOptions } from '../support/training-options.ts';

const { data, preprocessing } = trainingOptions(plainNetwork());
const quick = {
  data,
  preprocessing,
  executor: onnxruntime,
  threads: 1,
  epochs: 2,
  batch: 16,
  learningRate: 0.05,
  augmentation: 'none',
  schedule: 'constant',
} as const;

/** The network with its weights turned round, so that it is another. */
function other(): Graph {
  const graph = plainNetwork();
  for (const value of graph.initializers.filter(({ name }) => name.endsWith('.weight')))
    value.tensor = { ...value.tensor!, data: (value.tensor!.data as Float32Array).toReversed() };
  return graph;
}

it('trains networks together, grafts after each epoch but the last, and evaluates all of them', async () => {
  const run = createRunDirectory(join(temporaryFolder(), 'ring'), makeRecipe('graft', {}, {}));
  const epochs: number[] = [];
  const { members, best, ensemble } = await graft([plainNetwork(), other()], {
    ...quick,
    run,
    onEpoch: ({ epoch }) => epochs.push(epoch),
  });
  expect(epochs).toEqual([1, 2]);
  expect(members.map(({ network }) => network)).toEqual([1, 2]);
  expect(members.map(({ learningRate }) => learningRate)).toEqual([0.025, 0.05]);
  expect(best).toBe(members[0]!.top1 >= members[1]!.top1 ? 1 : 2);
  expect(ensemble).toBeGreaterThan(0.25);
  expect(run.readEvents().map(({ type }) => type)).toEqual(['graft', 'graft']);
  for (const network of ['network-1', 'network-2']) expect(existsSync(join(run.path, network))).toBe(true);
  const [first, second] = members.map(({ graph }) => weightsOf(graph));
  expect(first).not.toEqual(second);
  // A run that is done is not trained again.
  const again = await graft([plainNetwork(), other()], { ...quick, run });
  expect(again.members.map(({ graph }) => weightsOf(graph))).toEqual([first, second]);
});

it('grafted, a network is another than alone', async () => {
  const trained = async (source: 'none' | 'external') =>
    weightsOf((await graft([plainNetwork(), other()], { ...quick, source })).members[0]!.graph);
  expect(await trained('external')).not.toEqual(await trained('none'));
});

const weightsOf = ({ initializers }: Graph) =>
  Array.from(initializers.find(({ name }) => name === 'conv1.weight')!.tensor!.data as Float32Array);

it('refuses one network alone, and networks of several architectures', async () => {
  await expect(graft([plainNetwork()], quick)).rejects.toThrow(
    '`source` external needs `networks` 2 or more',
  );
  const wide = plainNetwork({ widths: [16, 12] });
  await expect(graft([plainNetwork(), wide], quick)).rejects.toMatchObject({
    code: 'shape',
    where: 'network 2',
  });
});
