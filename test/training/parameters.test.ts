import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import type { Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { fixedValues, trainableParameters } from '../../src/training/parameters.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';

type Body = (g: Builder, x: Value, named: (name: string, shape: number[], value?: number) => Value) => Value;

/** Images [N, 3, 8, 8], a convolution to [N, 8, 4, 4], a body that keeps this shape, and a linear layer to four classes. */
function network(body: Body): Graph {
  const { uniform } = random(9);
  const graph = emptyGraph('network');
  const g = builderOf(graph);
  const named = (name: string, shape: number[], value?: number) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const constant = g.floats(
      Array.from({ length }, () => value ?? 0.4 * (uniform() - 0.5)),
      shape,
    );
    constant.name = name;
    return constant;
  };
  const x = g.Sub(g.input('x', 'float32', ['N', 3, 8, 8]), named('mean', [3, 1, 1]));
  const y = body(g, g.Conv(x, named('w', [8, 3, 2, 2]), null, { strides: [2, 2] }), named);
  g.output(g.Gemm(g.Flatten(g.GlobalAveragePool(y)), named('fc', [8, 4]), null), 'y');
  return graph;
}

/** [N, 8, 4, 4] as tokens [N, 16, 8], and back. */
const tokens = (g: Builder, x: Value) => g.Transpose(g.Reshape(x, g.int64s([0, 8, -1])), { perm: [0, 2, 1] });
const maps = (g: Builder, t: Value) => g.Reshape(g.Transpose(t, { perm: [0, 2, 1] }), g.int64s([0, 8, 4, 4]));

const kinds: readonly (readonly [string, readonly string[], Body])[] = [
  [
    'GroupNormalization written out',
    ['scale', 'shift'],
    (g, x, named) => {
      const grouped = g.Reshape(x, g.int64s([0, 2, -1]));
      const normal = g.InstanceNormalization(grouped, named('ones', [2], 1), named('zeros', [2], 0), {});
      return g.Add(
        g.Mul(g.Reshape(normal, g.Shape(x)), named('scale', [8, 1, 1], 1)),
        named('shift', [8, 1, 1], 0),
      );
    },
  ],
  [
    'LayerNormalization written out',
    ['scale', 'shift'],
    (g, x, named) => {
      const t = tokens(g, x);
      const centred = g.Sub(t, g.ReduceMean(t, g.int64s([-1])));
      const variance = g.ReduceMean(g.Pow(centred, g.floats([2], [])), g.int64s([-1]));
      const normal = g.Div(centred, g.Sqrt(g.Add(variance, g.floats([1e-5], []))));
      return maps(g, g.Add(g.Mul(normal, named('scale', [8], 1)), named('shift', [8], 0)));
    },
  ],
  [
    "a layer's scale and slopes",
    ['gamma', 'slope'],
    (g, x, named) =>
      g.Add(x, g.Mul(named('gamma', [8, 1, 1], 0.5), g.PRelu(x, named('slope', [8, 1, 1], 0.1)))),
  ],
  [
    'positions and a class token',
    ['positions', 'token'],
    (g, x, named) => {
      const batch = g.Slice(g.Shape(x), g.int64s([0]), g.int64s([1]));
      const token = g.Expand(named('token', [1, 1, 8]), g.Concat(batch, g.int64s([1, 1]), { axis: 0 }));
      const all = g.Add(g.Concat(token, tokens(g, x), { axis: 1 }), named('positions', [1, 17, 8]));
      const mixed = g.Add(all, g.ReduceMean(all, g.int64s([1])));
      return maps(g, g.Slice(mixed, g.int64s([0]), g.int64s([16]), g.int64s([1])));
    },
  ],
];

/** The derivative of the loss along the ones in some parameters: by a step of training, and by central differences. */
async function derivatives(prepared: Graph, names: readonly string[]) {
  const fixed = bindDimensions(prepared, 4);
  const step = await openTrainingStep(fixed, {
    task: classification(),
    optimizer: 'sgd',
    momentum: 0,
    executor: onnxruntime,
  });
  const { normal } = random(4);
  const images = Float32Array.from({ length: 4 * 3 * 64 }, normal);
  const labels = BigInt64Array.of(0n, 1n, 2n, 3n);
  const lossOf = async (by: number, learningRate = 0) => {
    const moved = names.map((name) => {
      const tensor = prepared.initializers.find((value) => value.name === name)!.tensor!;
      return [name, { ...tensor, data: (tensor.data as Float32Array).map((x) => x + by) }] as const;
    });
    step.load(Object.fromEntries(moved) as Tensors);
    return (await step.run({ images, labels, scalars: { learningRate, step: 1 }, keys: [1] })).loss;
  };
  const width = 0.01;
  const quotient = ((await lossOf(width)) - (await lossOf(-width))) / (2 * width);
  await lossOf(0, 1);
  const state = step.state();
  const gradient = names.reduce((sum, name) => {
    const before = prepared.initializers.find((value) => value.name === name)!.tensor!.data as Float32Array;
    const after = state[name]!.data as Float32Array;
    return before.reduce((total, x, i) => total + x - after[i]!, sum);
  }, 0);
  await step.close();
  return { gradient, quotient };
}

describe('parameters', () => {
  it.each(kinds)('are those of %s', async (_, wanted, body) => {
    const prepared = await prepareNetwork(network(body), onnxruntime);
    const names = trainableParameters(prepared).map(({ value }) => value.name);
    expect(names.toSorted()).toEqual([...wanted, 'fc', 'w'].toSorted());
    const { gradient, quotient } = await derivatives(prepared, wanted);
    expect(Math.abs(quotient)).toBeGreaterThan(1e-4);
    expect(gradient / quotient).toBeCloseTo(1, 1);
  });

  it('are not masks, fillings, what normalises images, nor what other outputs need alone', async () => {
    const graph = network((g, x, named) => {
      const filled = g.Concat(x, named('filling', [1, 1, 4, 4], 0), { axis: 1 });
      const mask = named('mask', [4, 4], -100);
      const masked = g.Softmax(g.Add(g.Conv(filled, named('v', [8, 9, 1, 1]), null), mask), { axis: -1 });
      g.output(g.Conv(masked, named('other', [5, 8, 1, 1]), null), 'other');
      return masked;
    });
    const prepared = await prepareNetwork(graph, onnxruntime);
    expect(trainableParameters(prepared, { classes: 4 }).map(({ value }) => value.name)).toEqual([
      'w',
      'v',
      'fc',
    ]);
    expect(fixedValues(prepared, { classes: 4 }).map(({ value, reason }) => [value.name, reason])).toEqual([
      ['mean', 'is an operand of Sub'],
      ['filling', 'is a padding value'],
      ['mask', 'is a mask'],
    ]);
  });
});
