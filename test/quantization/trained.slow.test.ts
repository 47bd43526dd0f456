import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCalibration } from '../../src/calibration/calibration.ts';
import { cacheFolder } from '../../src/data/cache.ts';
import { openDataSet } from '../../src/data/data-sets.ts';
import { cifar10Preprocessing } from '../../src/data/preprocessing.ts';
import { evaluate } from '../../src/measure/accuracy.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { compareOutputs } from '../../src/quantization/agreement.ts';
import { quantizeCalibrated } from '../../src/quantization/quantize.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import { train } from '../../src/training/train.ts';
import { residualNetwork } from '../support/small-network.ts';
import { syntheticImages } from '../support/synthetic-images.ts';
import { trainingOptions } from '../support/training-options.ts';

const models = resolve(process.env.ESPALIER_SHARED ?? '../shared', 'models');
const resnet20 = join(models, 'resnet20-cifar10.onnx');
const hasImages = existsSync(join(cacheFolder('cifar10'), 'test_batch.bin'));

describe('a trained network in 8 bits', () => {
  it('classifies as it did', async () => {
    const options = trainingOptions(await prepareNetwork(residualNetwork(), executor), {
      epochs: 30,
      schedule: 'cosine',
    });
    const { network } = await train(options);
    const { preprocessing, data } = options;
    const calibration = await openCalibration(data.train, { preprocessing, seed: 1 });
    const { graph } = await quantizeCalibrated(network, { calibration, executor });
    const test = syntheticImages({ count: 400, size: 8, channels: 3, classes: 4, seed: 3 });
    const settings = { executor, preprocessing, threads: 1 };
    const [before, after] = [await evaluate(network, test, settings), await evaluate(graph, test, settings)];
    expect(before.top1).toBeGreaterThan(0.7); // chance: 0.25
    expect(Math.abs(after.top1 - before.top1)).toBeLessThan(0.02);
    expect(Math.abs(after.loss - before.loss)).toBeLessThan(0.05);
    const unseen = await openCalibration(test, { preprocessing, seed: 1 });
    expect(
      (await compareOutputs(network, graph, { calibration: unseen, executor })).sameClass,
    ).toBeGreaterThan(0.97);
  });

  it.skipIf(!existsSync(resnet20) || !hasImages)(
    'ResNet-20 keeps its accuracy in a third of the bytes',
    async () => {
      const network = readModelFile(resnet20);
      const preprocessing = cifar10Preprocessing;
      const { train: images, test } = await openDataSet('cifar10', { testLimit: 500, seed: 1 });
      const calibration = await openCalibration(images, { preprocessing, images: 64, seed: 1 });
      const { graph } = await quantizeCalibrated(network, { calibration, executor });
      const settings = { executor, preprocessing };
      const [before, after] = [
        await evaluate(network, test, settings),
        await evaluate(graph, test, settings),
      ];
      expect(Math.abs(after.top1 - before.top1)).toBeLessThan(0.01);
      expect(serializeModel(graph).length).toBeLessThan(serializeModel(network).length / 3);
    },
  );
});

describe('compareOutputs', () => {
  it('finds nothing between a network and itself, and all between it and its negative', async () => {
    const network = residualNetwork();
    const preprocessing = { height: 8, width: 8, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
    const source = syntheticImages({ count: 32, size: 8, channels: 3, classes: 4, seed: 3 });
    const viewing = { calibration: await openCalibration(source, { preprocessing, seed: 1 }), executor };
    const same = await compareOutputs(network, network, viewing);
    expect(same).toMatchObject({ images: 32, sameClass: 1, sqnrDb: Number.POSITIVE_INFINITY });
    const negative = residualNetwork();
    const classifier = negative.initializers.find(({ name }) => name === 'fc.weight')!;
    const data = (classifier.tensor!.data as Float32Array).map((w) => -w);
    classifier.tensor = { ...classifier.tensor!, data };
    const opposite = await compareOutputs(network, negative, viewing);
    expect(opposite.sameClass).toBe(0);
    expect(opposite.sqnrDb).toBeCloseTo(10 * Math.log10(1 / 4), 4); // ŷ = −y
  });
});
