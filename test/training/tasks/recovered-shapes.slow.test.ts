import { expect, it } from 'vitest';
import type { DataSet } from '../../../src/data/image-source.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { prune } from '../../../src/pruning/prune.ts';
import { chooseExecutor } from '../../../src/runtime/choose.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { openTraining } from '../../../src/training/open-training.ts';
import { train } from '../../../src/training/train.ts';
import {
  type ArchitectureName,
  architectures,
  networkOf,
  ruleOf,
  SIZE,
} from '../../support/recovery-networks.ts';
import { smoothImages } from '../../support/smooth-images.ts';

const data: DataSet = {
  name: 'smooth',
  train: smoothImages(128, { size: SIZE, seed: 1 }),
  test: smoothImages(32, { size: SIZE, seed: 2 }),
};
const preprocessing = { height: SIZE, width: SIZE, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
const { executor: trainer } = await chooseExecutor();
const training = {
  ...{ trainer, threads: 1, batch: 16, weightDecay: 0, evaluateEvery: 0 },
  ...({ optimizer: 'adamw', learningRate: 0.01, schedule: 'cosine' } as const),
};

/** A network that was trained briefly to compute a smooth function of the image. */
async function trained(name: ArchitectureName): Promise<Graph> {
  const distill = { teacher: ruleOf(name), featureWeight: 0 };
  const options = { ...training, data, preprocessing, executor: onnxruntime, epochs: 60, distill };
  return (await train(await openTraining(networkOf(name), options))).network;
}

it.each(Object.keys(architectures) as ArchitectureName[])(
  'a network of the shape of %s that was cut to half of its MACs gets five times as close to the original',
  async (name) => {
    const { steps, before, after } = await prune(await trained(name), {
      ...{ data, preprocessing, executor: onnxruntime, macs: 0.5, round: 4, pace: 'linear' as const },
      ...{ epochs: 140, distill: {}, training },
    });
    expect(after.macs / before.macs).toBeLessThan(0.51);
    const [{ stages }] = steps as [(typeof steps)[number]];
    expect(stages.map(({ stage }) => stage)).toEqual(['cut', 'recalibrate', 'reconstruct', 'distilled']);
    const errors = stages.map(({ outputError }) => outputError);
    expect(errors[0]! / errors[3]!).toBeGreaterThan(5);
  },
);
