import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../src/data/cache.ts';
import { openDataSet } from '../../src/data/data-sets.ts';
import type { ImageSource } from '../../src/data/image-source.ts';
import { cifar10Preprocessing, type Preprocessing } from '../../src/data/preprocessing.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Shape, type Value } from '../../src/graph/graph.ts';
import { evaluate } from '../../src/measure/accuracy.ts';
import type { DataType } from '../../src/numeric/tensor.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** Images of 2×2 in three channels: red is 10·i, green and blue are 255. */
function redImages(labels: readonly number[]): ImageSource {
  return {
    name: 'red',
    count: labels.length,
    channels: 3,
    height: 2,
    width: 2,
    labels: Int32Array.from(labels),
    classes: ['dark', 'light', 'other'],
    read: (index, target) => {
      target.fill(255).fill(10 * index, 0, 4);
    },
  };
}

const preprocessing: Preprocessing = { height: 2, width: 2, mean: [0, 0, 0], std: [1, 1, 1] };
const options = { executor: onnxruntime, preprocessing, threads: 1 };

function network(dtype: DataType, shape: Shape, body: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('tiny');
  const g = builderOf(graph);
  g.output(body(g, g.input('x', dtype, shape)), 'scores');
  return graph;
}

/** Logits (0, 20·(mean red − 45/255)) of float32 [N, 3, 2, 2]: class 1 from image 5 on. */
function redLogits(g: Builder, x: Value): Value {
  const colours = g.Flatten(g.GlobalAveragePool(x));
  const weight = g.floats([0, 20, 0, 0, 0, 0], [3, 2]);
  return g.Gemm(colours, weight, g.floats([0, (-20 * 45) / 255]));
}

const images = ['N', 3, 2, 2];
const redNetwork = () => network('float32', images, redLogits);
/** Right for eight of ten. */
const labels = [0, 0, 1, 0, 0, 1, 1, 1, 0, 1];

/** Scores that do not depend on the image. */
const constantNetwork = (scores: readonly number[], after: (g: Builder, x: Value) => Value = (_, x) => x) =>
  network('float32', images, (g, x) => {
    const zeros = g.floats(new Array(3 * scores.length).fill(0), [3, scores.length]);
    return after(g, g.Gemm(g.Flatten(g.GlobalAveragePool(x)), zeros, g.floats([...scores])));
  });

describe('evaluate', () => {
  it('counts the images whose class scores highest', async () => {
    const result = await evaluate(redNetwork(), redImages(labels), options);
    expect(result).toMatchObject({ top1: 0.8, top5: 1, images: 10 });
  });

  it.each([1, 3, 4, 64])('does not depend on the batch: %i', async (batch) => {
    const expected = await evaluate(redNetwork(), redImages(labels), options);
    const found = await evaluate(redNetwork(), redImages(labels), { ...options, batch });
    expect(found.top1).toBe(expected.top1);
    expect(found.loss).toBeCloseTo(expected.loss, 6);
  });

  it('takes the mean cross-entropy of logits, probabilities and their logarithms alike', async () => {
    // Probabilities ¼ and ¾, of classes 0, 1 and 1.
    const expected = (Math.log(4) + 2 * Math.log(4 / 3)) / 3;
    const scores = [0, Math.log(3)];
    const networks = [
      constantNetwork(scores),
      constantNetwork(scores, (g, x) => g.Softmax(x, { axis: 1 })),
      constantNetwork(scores, (g, x) => g.Identity(g.Softmax(x, { axis: 1 }))),
      constantNetwork(scores, (g, x) => g.LogSoftmax(x, { axis: 1 })),
    ];
    for (const graph of networks) {
      const { loss, top1 } = await evaluate(graph, redImages([0, 1, 1]), options);
      expect(loss).toBeCloseTo(expected, 5);
      expect(top1).toBeCloseTo(2 / 3, 10);
    }
  });

  it('counts the five highest', async () => {
    const { top1, top5 } = await evaluate(
      constantNetwork([7, 6, 5, 4, 3, 2]),
      redImages([0, 4, 5, 1]),
      options,
    );
    expect(top1).toBe(0.25);
    expect(top5).toBe(0.75);
  });

  it('fills up the batch that a model fixes, and counts only images', async () => {
    const fixed = network('float32', [4, 3, 2, 2], redLogits);
    expect(await evaluate(fixed, redImages(labels), options)).toMatchObject({ top1: 0.8, images: 10 });
  });

  it('reports progress up to the number of images, and stops on a signal', async () => {
    const seen: number[] = [];
    const progress = (done: number, total: number) => seen.push(done, total);
    await evaluate(redNetwork(), redImages(labels), { ...options, batch: 4, progress });
    expect(seen).toEqual([4, 10, 8, 10, 10, 10]);
    const stopped = evaluate(redNetwork(), redImages(labels), { ...options, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('inputs of other types and layouts', () => {
  const transposed = (g: Builder, x: Value) => redLogits(g, g.Transpose(x, { perm: [0, 3, 1, 2] }));
  const FLOAT32 = 1;
  const FLOAT16 = 10;
  const networks: readonly [string, Graph][] = [
    ['channels last', network('float32', ['N', 2, 2, 3], transposed)],
    [
      '8-bit values',
      network('uint8', ['N', 3, 2, 2], (g, x) =>
        redLogits(g, g.Div(g.Cast(x, { to: FLOAT32 }), g.floats(255))),
      ),
    ],
    [
      '8-bit values, channels last',
      network('uint8', ['N', 2, 2, 3], (g, x) =>
        transposed(g, g.Div(g.Cast(x, { to: FLOAT32 }), g.floats(255))),
      ),
    ],
    [
      'float16 in and out',
      network('float16', ['N', 3, 2, 2], (g, x) =>
        g.Cast(redLogits(g, g.Cast(x, { to: FLOAT32 })), { to: FLOAT16 }),
      ),
    ],
  ];

  it.each(networks)('%s', async (_, graph) => {
    const expected = await evaluate(redNetwork(), redImages(labels), options);
    const found = await evaluate(graph, redImages(labels), options);
    expect(found.top1).toBe(0.8);
    expect(found.loss).toBeCloseTo(expected.loss, 2);
  });
});

describe('refusals', () => {
  const failing = (graph: Graph, source: ImageSource, others: object = {}) =>
    expect(evaluate(graph, source, { ...options, ...others })).rejects;

  it('scores that are NaN', async () => {
    const broken = network('float32', images, (g, x) => g.Log(g.Neg(g.Exp(redLogits(g, x)))));
    await failing(broken, redImages([0]), {}).toMatchObject({ code: 'diverged' });
  });

  it('labels that the model has no class for', async () => {
    await failing(redNetwork(), redImages([0, 2])).toThrow(
      "red: expected labels below the model's 2 classes, found 2",
    );
  });

  it('scores for every pixel', async () => {
    const graph = network('float32', images, (g, x) => g.Relu(x));
    await failing(graph, redImages([0])).toThrow('scores: expected class scores [N, 3], found [N, 3, 2, 2]');
  });

  it('images of another size', async () => {
    const graph = network('float32', ['N', 3, 8, 8], redLogits);
    await failing(graph, redImages([0])).toThrow('red: expected images of 3×8×8, found 3×2×2');
  });

  it('no preprocessing', async () => {
    await failing(redNetwork(), redImages([0]), { preprocessing: undefined }).toThrow(
      'the network stores no preprocessing: expected `preprocessing`',
    );
  });

  it('inputs that are no images', async () => {
    const flat = network('float32', ['N', 12], (g, x) => g.Relu(x));
    await failing(flat, redImages([0])).toThrow('x: expected images [N, C, H, W], found [N, 12]');
  });

  it('inputs of a type that holds no image', async () => {
    const graph = network('int64', images, (g, x) => redLogits(g, g.Cast(x, { to: 1 })));
    await failing(graph, redImages([0])).toThrow(/^x: expected one of float32, .*found int64/);
  });
});

const shared = resolve(process.env.ESPALIER_SHARED ?? '../shared');
const resnet20 = join(shared, 'models/resnet20-cifar10.onnx');
const testImages = join(cacheFolder('cifar10'), 'test_batch.bin');

describe.skipIf(!existsSync(resnet20) || !existsSync(testImages))('a published network', () => {
  it('ResNet-20 is right for 91.73 % of the 10,000 test images', async () => {
    const { test } = await openDataSet('cifar10');
    const result = await evaluate(readModelFile(resnet20), test, {
      executor: onnxruntime,
      preprocessing: cifar10Preprocessing,
    });
    expect(Math.abs(result.top1 - 0.9173)).toBeLessThanOrEqual(0.0002);
    expect(result.images).toBe(10_000);
  });
});
