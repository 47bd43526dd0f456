import { expect, it } from 'vitest';
import {
  builderOf,
  emptyGraph,
  onnxruntime,
  prepareNetwork,
  type TrainingTask,
  tensorData,
  train,
} from '../../../src/index.ts';
import { random } from '../../../src/numeric/random.ts';

const labels = (count: number) => Array.from({ length: count }, (_, i) => i % 3);

const inputs = (count: number, seed: number) => {
  const { normal } = random(seed);
  const data = Float32Array.from({ length: count * 16 }, normal);
  return { images: { dtype: 'float32', shape: [count, 1, 4, 4], data } as const, labels: labels(count) };
};

/** y = w·x + b, with images x [N, 1, 4, 4]. */
function line() {
  const g = builderOf(emptyGraph('line'));
  const x = g.input('x', 'float32', ['N', 1, 4, 4]);
  g.output(
    g.Conv(
      x,
      g.constant({ dtype: 'float32', shape: [1, 1, 1, 1], data: Float32Array.of(0.1) }, 'w'),
      g.floats([0]),
    ),
    'y',
  );
  return g.graph;
}

/** Trains y to be 3·x + the label. */
const shifted: TrainingTask = {
  name: 'shifted',
  reads: ({ outputs }) => outputs,
  loss({ g, images, values: [y], input }) {
    const shift = input('shift', 'float32', [8, 1, 1, 1]);
    const difference = g.Sub(y!, g.Add(g.Mul(images, g.floats(3)), shift));
    const each = g.ReduceMean(g.Mul(difference, difference), g.int64s([1, 2, 3]), { keepdims: 0 });
    const sum = g.ReduceSum(each, null, { keepdims: 0 });
    return { loss: g.Div(sum, g.floats(8)), metrics: { squares: sum } };
  },
  open: async () => ({
    feeds: async (batch) => ({
      shift: { dtype: 'float32', shape: [8, 1, 1, 1], data: Float32Array.from(batch.labels, Number) },
    }),
    close: async () => {},
  }),
};

const options = async (task: TrainingTask) =>
  ({
    network: await prepareNetwork(line(), onnxruntime),
    data: tensorData({ train: inputs(96, 1), test: inputs(9, 2) }),
    preprocessing: { height: 4, width: 4, mean: [0], std: [1] },
    executor: onnxruntime,
    epochs: 8,
    batch: 8,
    seed: 1,
    augmentation: 'none',
    optimizer: 'sgd',
    learningRate: 0.1,
    momentum: 0,
    schedule: 'cosine',
    run: null,
    task,
  }) as const;

it("a network is trained by a loss of the user's own, which reads inputs of its own", async () => {
  const { network, epochs } = await train(await options(shifted));
  const [weight, bias] = network.initializers.map(({ tensor }) => tensor!.data[0]);
  // The labels are 0, 1 and 2, in equal parts: their mean is 1, their variance 2/3.
  expect(weight).toBeCloseTo(3, 1);
  expect(bias).toBeCloseTo(1, 1);
  const { loss, metrics, trainAccuracy, testAccuracy } = epochs.at(-1)!;
  expect(loss).toBeCloseTo(2 / 3, 1);
  expect(metrics.squares).toBeCloseTo(loss, 5);
  expect([trainAccuracy, testAccuracy]).toEqual([undefined, undefined]);
});

it('a task that does not feed what its loss reads is refused by the name of the input', async () => {
  const { open: _, ...unfed } = shifted;
  await expect(options(unfed).then(train)).rejects.toThrow(
    'the training task gives no input shift, which its loss reads',
  );
});

it('what a task measures after an epoch is reported', async () => {
  const losses = [3, 1, 2];
  const measured = {
    ...shifted,
    evaluate: async () => ({ score: 0, testLoss: losses.shift()!, metrics: { own: 7 } }),
  };
  const { epochs } = await train({ ...(await options(measured)), epochs: 3 });
  expect(epochs.map(({ testLoss, metrics }) => [testLoss, metrics.own])).toEqual([
    [3, 7],
    [1, 7],
    [2, 7],
  ]);
});
