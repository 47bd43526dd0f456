import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { buildStepGraph, type StepGraphOptions } from '../../src/training/step-graph.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import { normals, runGraph } from '../support/run-graph.ts';

const images = normals([2, 3, 4, 4], 1);

type Build = (g: Builder, x: Value) => Value;

/** x: [2, 3, 4, 4] → Σ f(scale·x). */
function network(build: Build): Graph {
  const graph = emptyGraph('network');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', [2, 3, 4, 4]);
  const scale = g.constant(floats([1, 3, 1, 1], [0.5, -1, 2]), 'scale');
  g.output(build(g, g.Add(x, scale)), 'y');
  return graph;
}

/** The operators of a training step, and its loss: the mean of the output. */
async function stepOf(graph: Graph) {
  const options: StepGraphOptions = {
    task: {
      name: 'mean',
      reads: ({ outputs }) => outputs,
      loss: ({ g, values }) => ({ loss: g.ReduceMean(values[0]!, null, { keepdims: 0 }) }),
    },
    optimizer: 'sgd',
    momentum: 0,
    weightDecay: 0,
  };
  const operators = buildStepGraph(graph, options).graph.nodes.map(({ op }) => op);
  const step = await openTrainingStep(graph, { ...options, executor: onnxruntime, threads: 1 });
  const labels = new BigInt64Array(2);
  const scalars = { learningRate: 0.1, step: 1 };
  const { loss } = await step.run({ images: images.data, labels, scalars, keys: [0] });
  await step.close();
  return { operators, loss };
}

const half = (g: Builder) => g.floats(0.5);
const erfGate = (g: Builder, x: Value) => g.Add(g.Erf(g.Div(x, g.floats(Math.SQRT2))), g.floats(1));

const compositions: readonly (readonly [title: string, form: string, build: Build])[] = [
  ['x·σ(x)', 'SwishTraining', (g, x) => g.Mul(x, g.Sigmoid(x))],
  ['σ(x)·x', 'SwishTraining', (g, x) => g.Mul(g.Sigmoid(x), x)],
  [
    'σ(x)·x of a product x',
    'SwishTraining',
    (g, x) => {
      const product = g.Mul(x, x);
      return g.Mul(product, g.Sigmoid(product));
    },
  ],
  ['x·HardSigmoid(x)', 'HardSwish', (g, x) => g.Mul(x, g.HardSigmoid(x, { alpha: 1 / 6, beta: 0.5 }))],
  ['x·tanh(Softplus(x))', 'Mish', (g, x) => g.Mul(x, g.Tanh(g.Softplus(x)))],
  ['(x·(1 + erf))·½', 'GeluTraining', (g, x) => g.Mul(g.Mul(x, erfGate(g, x)), half(g))],
  ['(½·x)·(1 + erf)', 'GeluTraining', (g, x) => g.Mul(g.Mul(half(g), x), erfGate(g, x))],
];

const others: readonly (readonly [title: string, build: Build])[] = [
  ['σ of something else', (g, x) => g.Mul(x, g.Sigmoid(g.Add(x, x)))],
  ['σ(x) twice', (g, x) => g.Mul(g.Sigmoid(x), g.Sigmoid(x))],
  ['another HardSigmoid', (g, x) => g.Mul(x, g.HardSigmoid(x))],
  ['erf without its half', (g, x) => g.Mul(x, erfGate(g, x))],
];

describe('activations of several nodes train as one', () => {
  it.each(compositions)('%s as %s', async (_, form, build) => {
    const { operators, loss } = await stepOf(network(build));
    expect(operators).toContain(form);
    const y = (await runGraph(network(build), { x: images })).y!.data as Float32Array;
    expect(loss).toBeCloseTo(y.reduce((sum, value) => sum + value, 0) / y.length, 5);
  });

  it('PRelu as Relu and Min', async () => {
    const prelu: Build = (g, x) => g.PRelu(x, g.constant(floats([3, 1, 1], [0.1, 0.2, 0.3]), 'slope'));
    const { operators, loss } = await stepOf(network(prelu));
    expect(operators).not.toContain('PRelu');
    const y = (await runGraph(network(prelu), { x: images })).y!.data as Float32Array;
    expect(loss).toBeCloseTo(y.reduce((sum, value) => sum + value, 0) / y.length, 5);
  });

  it.each(others)('but not %s', async (_, build) => {
    const { operators } = await stepOf(network(build));
    expect(operators.filter((op) => /Training|Mish|HardSwish/.test(op))).toEqual([]);
  });
});
