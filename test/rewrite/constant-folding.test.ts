import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, makeValue } from '../../src/graph/graph.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { foldConstants } from '../../src/rewrite/rules/constant-folding.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import type { Executor } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const models = resolve(process.env.ESPALIER_SHARED ?? '../shared', 'models');
const operators = (graph: Graph): string[] => graph.nodes.map((node) => node.op);
const newBuilder = (opset = 18) => builderOf(emptyGraph('test', opset));

/** onnxruntime, counting how often it was asked to compile. */
function counting(): { executor: Executor; compiled: () => number } {
  let count = 0;
  const compile: Executor['compile'] = (graph, options) => {
    count++;
    return onnxruntime.compile(graph, options);
  };
  return { executor: { ...onnxruntime, compile }, compiled: () => count };
}

describe('constant folding', () => {
  test('evaluates constant subgraphs in one run', async () => {
    const b = newBuilder();
    const x = b.input('x', 'float32', ['N', 4]);
    const scale = b.Mul(b.Exp(b.floats([1, 2, 3, 4])), b.Constant({ value_float: 0.5 }));
    const shift = b.Sqrt(b.Add(b.floats([4, 4, 4, 4]), b.floats(5)));
    b.output(b.Add(b.Mul(x, scale), shift), 'y');
    const { executor, compiled } = counting();
    const folded = await foldConstants(b.graph, executor);
    expect(operators(folded)).toEqual(['Mul', 'Add']);
    expect(compiled()).toBe(1);
    expect(folded.nodes[1]!.inputs[1]!.tensor!.data).toEqual(Float32Array.of(3, 3, 3, 3));
    await verifyEquivalent(b.graph, folded, { executor: onnxruntime });
  });

  test('takes what shape inference knows, and leaves what depends on the batch', async () => {
    const b = newBuilder();
    const x = b.input('x', 'float32', ['N', 8, 4, 4]);
    const at = (index: number) => b.Gather(b.Shape(x), b.int64s([index]));
    const features = b.Mul(at(1), b.Mul(at(2), at(3)));
    b.output(b.Reshape(x, b.Concat(at(0), features, { axis: 0 })), 'y');
    const folded = await foldConstants(b.graph, onnxruntime);
    expect(operators(folded)).toEqual(['Shape', 'Gather', 'Concat', 'Reshape']);
    expect(folded.nodes[2]!.inputs[1]!.tensor!.data).toEqual(BigInt64Array.of(128n));
    await verifyEquivalent(b.graph, folded, { executor: onnxruntime });
  });

  test('removes Identity, Dropout of inference and dead nodes, output names kept', async () => {
    const b = newBuilder();
    const x = b.input('x', 'float32', ['N', 4]);
    b.Exp(x);
    b.output(b.Identity(b.Dropout(b.Relu(b.Identity(x)))), 'y');
    const folded = await foldConstants(b.graph, onnxruntime);
    expect(operators(folded)).toEqual(['Relu']);
    expect(folded.outputs[0]!.name).toBe('y');
    await verifyEquivalent(b.graph, folded, { executor: onnxruntime });
  });

  test('an Identity between input and output stays', async () => {
    const b = newBuilder();
    b.output(b.Identity(b.input('x', 'float32', [1])), 'y');
    expect(operators(await foldConstants(b.graph, onnxruntime))).toEqual(['Identity']);
  });

  test('Dropout that may train, or whose mask is read, stays', async () => {
    const b = newBuilder();
    const x = b.input('x', 'float32', ['N', 4]);
    const training = b.input('training', 'bool', []);
    b.output(b.Dropout(x, b.floats(0.5), training), 'y');
    b.graph.outputs.push(b.node('Dropout', [x], {}, 2)[1]!);
    expect(operators(await foldConstants(b.graph, onnxruntime))).toEqual(['Dropout', 'Dropout']);
  });

  test('a small constant that would grow beyond 1 MiB stays, as large as its sources it goes', async () => {
    const b = newBuilder();
    const x = b.input('x', 'float32', [600, 600]);
    b.output(b.Add(x, b.Expand(b.floats(1), b.int64s([600, 600]))), 'y');
    b.output(b.MatMul(x, b.Transpose(b.constant(filled([600, 600], 1)))), 'z');
    expect(operators(await foldConstants(b.graph, onnxruntime))).toEqual(['Expand', 'Add', 'MatMul']);
  });

  test.each([
    { op: 'RandomNormalLike', domain: '' },
    { op: 'Novel', domain: 'com.example' },
  ])('$op of constants is not evaluated', async ({ op, domain }) => {
    const b = newBuilder();
    const y = makeValue('y', 'float32', [2]);
    b.graph.nodes.push({ op, domain, name: 'n', inputs: [b.floats([1, 2])], outputs: [y], attributes: {} });
    b.output(y);
    const { executor, compiled } = counting();
    expect(operators(await foldConstants(b.graph, executor))).toEqual([op]);
    expect(compiled()).toBe(0);
  });

  test('an initializer that a feed can replace is no constant, and one that nobody reads is no input', async () => {
    const b = newBuilder();
    const x = b.input('x', 'float32', [2]);
    const [replaceable, unread] = [b.floats([1, 2]), b.floats([3])];
    b.graph.inputs.push(replaceable, unread);
    b.output(b.Add(x, b.Neg(replaceable)), 'y');
    const folded = await foldConstants(b.graph, onnxruntime);
    expect(operators(folded)).toEqual(['Neg', 'Add']);
    expect(folded.inputs.map(({ name }) => name)).toEqual([x.name, replaceable.name]);
  });

  test('the given graph is left as it was', async () => {
    const b = newBuilder();
    b.output(b.Add(b.input('x', 'float32', [1]), b.Neg(b.floats(1))), 'y');
    await foldConstants(b.graph, onnxruntime);
    expect(operators(b.graph)).toEqual(['Neg', 'Add']);
    expect(b.graph.nodes[0]!.outputs[0]!.tensor).toBe(null);
  });
});

describe.skipIf(!existsSync(models))('constant folding of exported networks', () => {
  test('resnet20 comes down to its layers', async () => {
    const graph = readModelFile(resolve(models, 'resnet20-cifar10.onnx'));
    const folded = await foldConstants(graph, onnxruntime);
    const layers = [
      'Add',
      'BatchNormalization',
      'Conv',
      'Flatten',
      'Gemm',
      'GlobalAveragePool',
      'Pad',
      'Relu',
      'Slice',
    ];
    expect([...new Set(operators(folded))].sort()).toEqual(layers);
    const pads = folded.nodes.filter((node) => node.op === 'Pad').map((node) => node.inputs[1]!.tensor!.data);
    expect(pads[0]).toEqual(BigInt64Array.of(0n, 8n, 0n, 0n, 0n, 8n, 0n, 0n));
    const { error } = await verifyEquivalent(graph, folded, { executor: onnxruntime });
    expect(error).toBeLessThan(1e-5);
  });
});
