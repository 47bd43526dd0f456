import { expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { channelMaskController, learnedScores } from '../../src/pruning/channel-masks/controller.ts';
import { maskedLayers } from '../../src/pruning/channel-masks/masked-layers.ts';
import { prepareChannels } from '../../src/pruning/prepared-network.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import { normals, runGraph } from '../support/run-graph.ts';

/** x [4, 3, 6, 6] → a → b, joined with a's channels → c → mean → [4, 2]; the last channel of c is read by zeros. */
function network(): Graph {
  const graph = emptyGraph('masks');
  const g = builderOf(graph);
  const conv = (name: string, x: Value, filters: number, seed: number) => {
    const weight = g.constant(normals([filters, Number(x.shape![1]), 3, 3], seed, 0.3), `${name}.w`);
    return g
      .named(name)
      .Conv(x, weight, g.constant(normals([filters], seed + 1, 0.3), `${name}.b`), { pads: [1, 1, 1, 1] });
  };
  const a = g.Relu(conv('a', g.input('x', 'float32', [4, 3, 6, 6]), 5, 1));
  const sum = g.Relu(g.Add(a, conv('b', a, 5, 3)));
  const c = g.Relu(conv('c', sum, 4, 5));
  const head = Float32Array.from(normals([2, 4], 7).data);
  head[3] = 0;
  head[7] = 0;
  const pooled = g.Flatten(g.GlobalAveragePool(c));
  g.output(g.named('fc').Gemm(pooled, g.constant(floats([2, 4], head), 'fc.w'), null, { transB: 1 }), 'y');
  return graph;
}

async function learning(strength: number, frozen = false) {
  const prepared = await prepareChannels(network(), onnxruntime);
  const { graph } = prepared;
  const layers = maskedLayers(prepared);
  const controller = channelMaskController(layers, { strength, threshold: 0.05, momentum: 0 });
  const step = await openTrainingStep(graph, {
    task: classification(),
    optimizer: 'sgd',
    momentum: 0,
    weightDecay: 0,
    executor: onnxruntime,
    extensions: [...controller.extensions, { freezes: () => frozen }],
  });
  const images = normals([4, 3, 6, 6], 11).data as Float32Array;
  const labels = BigInt64Array.from([0n, 1n, 1n, 0n]);
  const run = (learningRate: number) =>
    step.run({ images, labels, scalars: { learningRate, step: 1, ...controller.scalars() }, keys: [1] });
  return { graph, layers, controller, step, run, images };
}

/** The mean cross-entropy of two classes. */
const lossOf = (scores: Float32Array, labels: readonly number[]) =>
  labels.reduce((sum, label, i) => {
    const [own, other] = [scores[2 * i + label]!, scores[2 * i + 1 - label]!];
    return sum + Math.log1p(Math.exp(other - own));
  }, 0) / labels.length;

it('the network that masks stand for computes what was trained', async () => {
  const { graph, controller, step, run, images } = await learning(0.01);
  for (let i = 0; i < 6; i++) await run(0.1);
  const { loss } = await run(0);
  const merged = controller.network(graph, step.state());
  const results = await runGraph(merged, { x: floats([4, 3, 6, 6], images) });
  expect(lossOf(results.y!.data as Float32Array, [0, 1, 1, 0])).toBeCloseTo(loss, 5);
  await step.close();
});

it('masks fall where channels are of no use, are shared where channels are, and die at the threshold', async () => {
  const { layers, step, run } = await learning(1, true);
  // By the L1 term alone a mask loses 0.1 a step.
  for (let i = 0; i < 5; i++) await run(0.1);
  const half = learnedScores(layers, step.state());
  expect([...half.keys()]).toEqual(['a+b', 'c']);
  expect(half.get('a+b')).toHaveLength(5);
  expect(half.get('c')![3]).toBeCloseTo(0.5, 5);
  for (let i = 0; i < 5; i++) await run(0.1);
  expect(learnedScores(layers, step.state()).get('c')![3]).toBe(0);
  await run(-0.1);
  expect(learnedScores(layers, step.state()).get('c')![3]).toBe(0);
  await step.close();
});
