import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.ts';
import { toNumbers } from '../../src/numeric/tensor.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { type Penalty, sparseController, sparsePenalties } from '../../src/training/sparse.ts';
import type { StepExtension } from '../../src/training/step-graph.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { train } from '../../src/training/train.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import { copied, describeExecutors } from '../support/executors.ts';
import { normals } from '../support/run-graph.ts';
import { killFilters, plainNetwork, zero } from '../support/small-network.ts';
import { trainingOptions } from '../support/training-options.ts';

const LEARNING_RATE = 0.5;
const BATCH = 4;

/** The parameters of a network after one step of SGD without momentum and decay. */
async function stepped(executor: Executor, network: Graph, extensions: readonly StepExtension[]) {
  const model = bindDimensions(network, BATCH);
  const task = classification();
  const settings = { task, optimizer: 'sgd', momentum: 0, executor, threads: 1, extensions } as const;
  const step = await openTrainingStep(model, settings);
  await step.run({
    images: normals([BATCH, 3, 8, 8], 1).data,
    labels: BigInt64Array.from([0n, 1n, 2n, 3n]),
    scalars: { learningRate: LEARNING_RATE, step: 1 },
    keys: [0, 1],
  });
  const state = copied(step.state());
  await step.close();
  return state;
}

/** dP/dw by central differences, in double precision. */
function slopes(penalty: (w: readonly number[]) => number, w: readonly number[]): number[] {
  const difference = 1e-5;
  return w.map((value, i) => {
    const at = (x: number) => penalty(w.with(i, x));
    return (at(value + difference) - at(value - difference)) / (2 * difference);
  });
}

const sumOfSizes = (w: readonly number[]) => w.reduce((sum, x) => sum + Math.abs(x), 0);

function sumOfNorms(w: readonly number[], filters: number): number {
  const size = w.length / filters;
  return Array.from({ length: filters }, (_, m) => Math.hypot(...w.slice(m * size, (m + 1) * size))).reduce(
    (sum, norm) => sum + norm,
    0,
  );
}

/** A network whose conv1 has a filter of zeros, whose scales have both signs and a zero. */
function network(): Graph {
  const graph = plainNetwork({ widths: [5, 6] });
  killFilters(graph, 'conv1', [2]);
  const scale = graph.initializers.find(({ name }) => name === 'conv2.bn.scale')!;
  scale.tensor = { ...normals([6], 4), data: Float32Array.of(0.5, -0.25, 0, 1e-3, -2, 1) };
  return graph;
}

describeExecutors('sparse training', (executor) => {
  const cases: readonly [Penalty, string[], (w: readonly number[], filters: number) => number][] = [
    [{ name: 'bn-scale', strength: 0.3 }, ['conv1.bn.scale', 'conv2.bn.scale'], sumOfSizes],
    [{ name: 'group-lasso', strength: 0.2 }, ['conv1.weight', 'conv2.weight'], sumOfNorms],
  ];
  it.each(cases)(
    'adds the derivative of $name to the gradient, and to no other',
    async (penalty, names, sum) => {
      const graph = network();
      const [without, withIt] = [
        await stepped(executor, graph, []),
        await stepped(executor, graph, sparsePenalties([penalty])),
      ];
      for (const [name, tensor] of Object.entries(withIt)) {
        if (name.endsWith('.momentum')) continue;
        const before = toNumbers(without[name]!);
        const added = toNumbers(tensor).map((w, i) => (before[i]! - w) / LEARNING_RATE);
        const initial = graph.initializers.find((value) => value.name === name);
        if (!names.includes(name) || !initial) {
          expect(Math.max(...added.map(Math.abs)), name).toBe(0);
          continue;
        }
        const w = toNumbers(initial.tensor!);
        const wanted = slopes((x) => penalty.strength * sum(x, tensor.shape[0]!), w);
        const worst = Math.max(...added.map((value, i) => Math.abs(value - wanted[i]!)));
        expect(worst, name).toBeLessThan(2e-6);
        expect(Math.max(...wanted.map(Math.abs)), name).toBeGreaterThan(0.02);
      }
    },
  );

  it('leaves a filter that is zero without a slope', async () => {
    const extensions = sparsePenalties([{ name: 'group-lasso', strength: 1 }]);
    const [before, after] = [
      await stepped(executor, network(), []),
      await stepped(executor, network(), extensions),
    ];
    const filter = (state: typeof before) => toNumbers(state['conv1.weight']!).slice(2 * 27, 3 * 27);
    expect(filter(after)).toEqual(filter(before));
  });
});

describe('the scale of a channel that nothing reads', () => {
  /** γ of conv2 after training with a classifier that is frozen, and blind for channel 3. */
  async function scales(strength: number) {
    const graph = plainNetwork({ widths: [6, 8] });
    const weight = graph.initializers.find(({ name }) => name === 'fc.weight')!;
    zero(weight, (i) => i % 8 === 3);
    const prepared = await prepareNetwork(graph, onnxruntime);
    const sparse = sparseController(prepared, [{ name: 'bn-scale', strength }]);
    const frozen: StepExtension = { freezes: ({ value }) => value.name === 'fc.weight' };
    const controller = { ...sparse, extensions: [...sparse.extensions, frozen] };
    const settings = { epochs: 12, momentum: 0, learningRate: 0.25 };
    const result = await train(trainingOptions(prepared, { ...settings, controller }));
    const small = result.epochs.map(({ metrics }) => metrics.smallScales!);
    return { gamma: toNumbers(result.state['conv2.bn.scale']!).map(Math.abs), small };
  }

  it('shrinks to nothing, and the others do not', async () => {
    // 40 of 48 steps of 0.25·0.1 take it from 1 to 0, where it stays but for rounding after every second step.
    const { gamma, small } = await scales(0.1);
    expect(gamma[3]).toBeLessThan(1e-6);
    expect(Math.max(...gamma)).toBeGreaterThan(0.3);
    expect(small.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(small.at(-1)).toBeGreaterThan(0);
  });

  it('stays where it is without a penalty', async () => {
    const { gamma, small } = await scales(0);
    expect(gamma[3]).toBe(1);
    expect(small.every((part) => part === 0)).toBe(true);
  });

  it('refuses a network that has none', async () => {
    const graph = plainNetwork();
    const bare = { ...graph, nodes: graph.nodes.filter(({ op }) => op !== 'BatchNormalization') };
    expect(() => sparseController(bare, [{ name: 'bn-scale', strength: 1e-4 }])).toThrow(
      'plain: `sparse` bn-scale: expected a BatchNormalization',
    );
  });
});
