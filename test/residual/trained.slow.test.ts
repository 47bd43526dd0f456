import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBatches } from '../../src/data/batches.ts';
import { cacheFolder } from '../../src/data/cache.ts';
import { openDataSet } from '../../src/data/data-sets.ts';
import { cifar10Preprocessing } from '../../src/data/preprocessing.ts';
import { limitSource } from '../../src/data/subset.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { convertResiduals } from '../../src/residual/convert-residuals.ts';
import { findResiduals } from '../../src/residual/find.ts';
import { foldBatchNormalization, foldConstants, upgradeOpset } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** The class that a network gives each of the first n test images, spread over the classes. */
async function classesOf(graph: Graph, n: number): Promise<number[]> {
  const source = limitSource((await openDataSet('cifar10')).test, n, 1);
  const settings = { batch: 250, seed: 0, shuffle: false, dropLast: false, augmentation: 'none' } as const;
  const batches = openBatches(source, { ...settings, preprocessing: cifar10Preprocessing });
  const program = await onnxruntime.compile(graph);
  const [input, output] = [graph.inputs[0]!.name, graph.outputs[0]!.name];
  const classes: number[] = [];
  for await (const { images, count } of batches.epoch(0)) {
    const results = await program.run({ [input]: floats([count, 3, 32, 32], images) });
    const scores = results[output]!.data as Float32Array;
    for (let i = 0; i < count; i++) {
      const own = scores.subarray(10 * i, 10 * i + 10);
      classes.push(own.indexOf(Math.max(...own)));
    }
  }
  await Promise.all([batches.close(), program.close()]);
  return classes;
}

const models = resolve(process.env.ESPALIER_SHARED ?? '../shared', 'models');
const isHere = existsSync(join(models, 'resnet20-cifar10.onnx'));
const hasImages = existsSync(join(cacheFolder('cifar10'), 'test_batch.bin'));

describe.skipIf(!isHere || !hasImages)('a trained network without residual connections', () => {
  it.each([
    ['resnet20-cifar10.onnx', 9, 10_000],
    ['resnet56-cifar10.onnx', 27, 2_000],
    ['resnet56-cifar10-bnfused.onnx', 27, 2_000],
  ])('gives every image the same class: %s', async (file, blocks, count) => {
    const network = readModelFile(join(models, file));
    const folded = foldBatchNormalization(await foldConstants(upgradeOpset(network), onnxruntime)).graph;
    const { graph, converted, refusals } = convertResiduals(folded);
    expect(refusals).toEqual([]);
    expect(converted).toHaveLength(blocks);
    expect(findResiduals(graph)).toEqual([]);
    const classes = await classesOf(network, count);
    expect(classes).toHaveLength(count);
    expect(new Set(classes).size).toBe(10);
    expect(await classesOf(graph, count)).toEqual(classes);
  });
});
