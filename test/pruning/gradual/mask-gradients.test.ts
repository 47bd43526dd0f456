import { expect, it } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../../src/graph/graph.ts';
import { floats } from '../../../src/numeric/tensor.ts';
import { gradientName, maskExtension } from '../../../src/pruning/gradual/mask-extension.ts';
import { openMovingScores } from '../../../src/pruning/gradual/moving-scores.ts';
import { bindDimensions } from '../../../src/rewrite/index.ts';
import { namedFloats } from '../../../src/runtime/executor.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { classification } from '../../../src/training/tasks/classification.ts';
import { openTrainingStep } from '../../../src/training/training-step.ts';
import { gradually } from '../../support/gradual-runs.ts';
import { normals } from '../../support/run-graph.ts';
import { residualNetwork } from '../../support/small-network.ts';

/** Tokens of two convolutions are multiplied: their channels end where no weight reads them. */
function attention(): Graph {
  const graph = emptyGraph('attention');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', ['N', 3, 8, 8]);
  const [q, k] = [1, 2].map((seed) => {
    const weight = g.constant(normals([4, 3, 1, 1], seed, 0.5), `w${seed}`);
    return g.Reshape(g.Conv(x, weight), g.int64s([0, 4, 64]));
  }) as [Value, Value];
  const products = g.MatMul(g.Transpose(q, { perm: [0, 2, 1] }), k);
  const rows = g.ReduceMean(products, g.int64s([1]), { keepdims: 0 });
  g.output(g.Gemm(rows, g.constant(normals([4, 64], 3, 0.3), 'fc'), null, { transB: 1 }), 'scores');
  return graph;
}

it.each([
  ['weights', residualNetwork],
  ['products of computed values', attention],
])(
  'the gradient of a set that %s read is what the loss does when all of its masks move',
  async (_, given) => {
    const { network, sets } = await gradually(given());
    const { places } = sets.without(new Set());
    const step = await openTrainingStep(bindDimensions(network, 4), {
      task: classification(),
      optimizer: 'sgd',
      executor: onnxruntime,
      extensions: [maskExtension(() => places)],
    });
    const images = normals([4, 3, 8, 8], 11).data as Float32Array;
    const labels = BigInt64Array.from([0n, 1n, 3n, 2n]);
    const lossAt = async (set: number, value: number) => {
      step.load(
        Object.fromEntries(
          places.map(({ name, shape, sets }) => [
            name,
            floats(
              shape,
              Float32Array.from(sets, (own) => (own === set ? value : 1)),
            ),
          ]),
        ),
      );
      const { loss } = await step.run({ images, labels, scalars: { learningRate: 0, step: 1 }, keys: [1] });
      return loss;
    };
    const h = 0.02;
    for (const { sets: own, reasons } of sets.units) {
      const set = own[1]!;
      if (reasons.has(set)) continue;
      const slope = ((await lossAt(set, 1 + h)) - (await lossAt(set, 1 - h))) / (2 * h);
      await lossAt(-1, 1);
      const state = step.state();
      let gradient = 0;
      for (const place of places) {
        const parts = namedFloats(state, gradientName(place));
        place.sets.forEach((each, i) => {
          if (each === set) gradient += parts[i]!;
        });
      }
      expect(Math.abs(gradient)).toBeGreaterThan(1e-4);
      expect(gradient / slope).toBeCloseTo(1, 1);
    }
    await step.close();
  },
);

it('scores are moving averages of squares of sums, and stay as they are once a set is masked', () => {
  const place = { name: 'a', of: { parameter: 'w' }, shape: [1, 3], sets: [7, 9, 7] };
  const scores = openMovingScores([7, 9]);
  const step = (gradient: readonly number[], masked: readonly number[]) =>
    scores.add([place], { [gradientName(place)]: floats([1, 3], gradient) }, new Set(masked));
  step([1, 2, 3], []);
  expect([...scores.values().values()]).toEqual([0.05 * 16, 0.05 * 4]);
  step([5, 0, 5], [7]);
  expect(scores.values().get(7)).toBe(0.05 * 16);
  expect(scores.values().get(9)).toBeCloseTo(0.95 * 0.2, 12);
});
