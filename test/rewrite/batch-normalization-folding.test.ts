import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { foldBatchNormalization } from '../../src/rewrite/rules/batch-normalization-folding.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

const models = resolve(process.env.ESPALIER_SHARED ?? '../shared', 'models');
const operators = (graph: Graph): string[] => graph.nodes.map((node) => node.op);
const newBuilder = (): Builder => builderOf(emptyGraph('test'));
let seed = 0;
const weight = (b: Builder, ...shape: number[]): Value => b.constant(normals(shape, seed++));

function normalised(b: Builder, x: Value, channels: number): Value {
  const { uniform } = random(seed++);
  const variance = floats(
    [channels],
    Float32Array.from({ length: channels }, () => 0.1 + uniform()),
  );
  const [scale, bias, mean] = [weight(b, channels), weight(b, channels), weight(b, channels)];
  return b.named('bn').BatchNormalization(x, scale, bias, mean, b.constant(variance), { epsilon: 1e-3 });
}

const image = (b: Builder, channels: number): Value => b.input('x', 'float32', ['N', channels, 6, 6]);

describe('what is folded computes the same', () => {
  const cases: { name: string; build: (b: Builder) => Value; left: string[] }[] = [
    {
      name: 'Conv with bias',
      build: (b) => normalised(b, b.Conv(image(b, 4), weight(b, 6, 4, 3, 3), weight(b, 6)), 6),
      left: ['Conv'],
    },
    {
      name: 'grouped Conv without bias',
      build: (b) => normalised(b, b.Conv(image(b, 4), weight(b, 6, 2, 3, 3), { group: 2 }), 6),
      left: ['Conv'],
    },
    {
      name: 'grouped ConvTranspose',
      build: (b) =>
        normalised(
          b,
          b.ConvTranspose(image(b, 4), weight(b, 4, 3, 2, 2), weight(b, 6), { group: 2, strides: [2, 2] }),
          6,
        ),
      left: ['ConvTranspose'],
    },
    {
      name: 'Gemm with factors and a bias of one element',
      build: (b) => {
        const x = b.input('x', 'float32', ['N', 5]);
        return normalised(b, b.Gemm(x, weight(b, 5, 3), weight(b, 1), { alpha: 0.5, beta: 2 }), 3);
      },
      left: ['Gemm'],
    },
    {
      name: 'Gemm of transposed weights',
      build: (b) =>
        normalised(b, b.Gemm(b.input('x', 'float32', ['N', 5]), weight(b, 3, 5), { transB: 1 }), 3),
      left: ['Gemm'],
    },
    {
      name: 'MatMul and Add',
      build: (b) =>
        normalised(
          b,
          b.Add(weight(b, 1, 3), b.MatMul(b.input('x', 'float32', ['N', 5]), weight(b, 5, 3))),
          3,
        ),
      left: ['MatMul', 'Add'],
    },
    {
      name: 'MatMul alone',
      build: (b) => normalised(b, b.MatMul(b.input('x', 'float32', ['N', 5]), weight(b, 5, 3)), 3),
      left: ['MatMul', 'Add'],
    },
    {
      name: 'before a grouped Conv without padding',
      build: (b) => b.Conv(normalised(b, image(b, 4), 4), weight(b, 6, 2, 3, 3), weight(b, 6), { group: 2 }),
      left: ['Conv'],
    },
    {
      name: 'before two Convs that share a weight',
      build: (b) => {
        const y = normalised(b, image(b, 4), 4);
        const shared = weight(b, 6, 4, 3, 3);
        return b.Add(b.Conv(y, shared), b.Conv(y, shared, weight(b, 6)));
      },
      left: ['Conv', 'Conv', 'Add'],
    },
    {
      name: 'before a padded Conv, without shift',
      build: (b) => {
        const [zero, one] = [b.floats([0, 0]), b.floats([1, 1])];
        const y = b.BatchNormalization(image(b, 2), weight(b, 2), zero, zero, one);
        return b.Conv(y, weight(b, 3, 2, 3, 3), { pads: [1, 1, 1, 1] });
      },
      left: ['Conv'],
    },
    {
      name: 'two in a row',
      build: (b) => normalised(b, normalised(b, b.Conv(image(b, 4), weight(b, 6, 4, 1, 1)), 6), 6),
      left: ['Conv'],
    },
  ];
  test.each(cases)('$name', async ({ build, left }) => {
    const b = newBuilder();
    b.output(build(b), 'y');
    const { graph, refusals } = foldBatchNormalization(b.graph);
    expect(refusals).toEqual([]);
    expect(operators(graph)).toEqual(left);
    expect(graph.outputs[0]!.name).toBe('y');
    const { error } = await verifyEquivalent(b.graph, graph, { executor: onnxruntime });
    expect(error).toBeLessThan(1e-5);
  });
});

describe('what is left alone is named', () => {
  const cases: { name: string; build: (b: Builder) => Value; reason: string }[] = [
    {
      name: 'a weight that another Conv reads',
      build: (b) => {
        const [x, shared] = [image(b, 4), weight(b, 6, 4, 3, 3)];
        return b.Sub(normalised(b, b.Conv(x, shared), 6), b.Conv(x, shared));
      },
      reason:
        'the weight of Conv is shared with Conv_1 (Conv), which has a different normalisation; it is read by Sub',
    },
    {
      name: 'a Conv whose output is read elsewhere',
      build: (b) => {
        const y = b.Conv(image(b, 4), weight(b, 6, 4, 3, 3));
        return b.Add(y, normalised(b, y, 6));
      },
      reason: 'the output of Conv is also read elsewhere; it is read by Add',
    },
    {
      name: 'behind another operator',
      build: (b) => b.Relu(normalised(b, b.Relu(image(b, 4)), 4)),
      reason: 'it follows Relu; it is read by Relu',
    },
    {
      name: 'between input and output',
      build: (b) => normalised(b, image(b, 4), 4),
      reason: 'it reads an input of the network; it is an output of the network',
    },
    {
      name: 'before a padded Conv',
      build: (b) => b.Conv(normalised(b, image(b, 4), 4), weight(b, 6, 4, 3, 3), { pads: [0, 0, 1, 1] }),
      reason: 'it reads an input of the network; the Conv that reads it pads it',
    },
    {
      name: 'a computed weight',
      build: (b) => normalised(b, b.Conv(image(b, 4), b.Exp(weight(b, 6, 4, 3, 3))), 6),
      reason: 'the weight of Conv is not a float32 constant; it is an output of the network',
    },
    {
      name: 'a computed bias',
      build: (b) => normalised(b, b.Conv(image(b, 4), weight(b, 6, 4, 3, 3), b.Exp(weight(b, 6))), 6),
      reason:
        'the bias of Conv is not a float32 constant with one element per channel; it is an output of the network',
    },
    {
      name: 'an Add of two branches',
      build: (b) => normalised(b, b.Add(b.Relu(image(b, 4)), b.Exp(weight(b, 4, 1, 1))), 4),
      reason: 'it follows an Add that does not add a bias; it is an output of the network',
    },
    {
      name: 'a product of more than matrices',
      build: (b) => normalised(b, b.MatMul(b.input('x', 'float32', ['N', 3, 5]), weight(b, 5, 4)), 3),
      reason: 'MatMul multiplies tensors of more than two dimensions; it is an output of the network',
    },
    {
      name: 'computed parameters',
      build: (b) => {
        const one = b.floats([1, 1]);
        return b.BatchNormalization(image(b, 2), one, b.Exp(one), one, one);
      },
      reason: 'its parameters are not float32 constants',
    },
    {
      name: 'statistics of the batch',
      build: (b) => {
        const one = b.floats([1, 1]);
        return b.BatchNormalization(image(b, 2), one, one, one, one, { training_mode: 1 });
      },
      reason: 'it computes statistics of its batch',
    },
    {
      name: 'a negative variance',
      build: (b) => {
        const one = b.floats([1, 1]);
        return b.BatchNormalization(image(b, 2), one, one, one, b.floats([-1, 1]));
      },
      reason: 'its scale is not finite',
    },
  ];
  test.each(cases)('$name', ({ build, reason }) => {
    const b = newBuilder();
    b.output(build(b), 'y');
    const { graph, changed, refusals } = foldBatchNormalization(b.graph);
    expect(refusals.map((refusal) => refusal.reason)).toEqual([reason]);
    expect(changed).toBe(0);
    expect(operators(graph)).toEqual(operators(b.graph));
  });

  test('an initializer that a feed can replace', () => {
    const b = newBuilder();
    const w = weight(b, 6, 4, 3, 3);
    b.output(normalised(b, b.Conv(image(b, 4), w), 6), 'y');
    b.graph.inputs.push(w);
    expect(foldBatchNormalization(b.graph).changed).toBe(0);
  });
});

describe.skipIf(!existsSync(models))('exported networks', () => {
  test('resnet20 loses every BatchNormalization', async () => {
    const graph = readModelFile(resolve(models, 'resnet20-cifar10.onnx'));
    const { graph: folded, changed, refusals } = foldBatchNormalization(graph);
    expect([changed, refusals]).toEqual([19, []]);
    expect(operators(folded)).not.toContain('BatchNormalization');
    const { error } = await verifyEquivalent(graph, folded, { executor: onnxruntime });
    expect(error).toBeLessThan(1e-5);
  });
});
