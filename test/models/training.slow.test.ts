import { expect, it } from 'vitest';
import { buildModel } from '../../src/models/index.ts';
import { bindDimensions } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { classification } from '../../src/training/tasks/classification.ts';
import { openTrainingStep } from '../../src/training/training-step.ts';
import { normals } from '../support/run-graph.ts';

const BATCH = 4;

/** Losses of a few steps on one batch. */
async function losses(name: string, size: number): Promise<number[]> {
  const model = bindDimensions(buildModel(name, { size, classes: 4 }), BATCH);
  const options = {
    task: classification(),
    optimizer: 'sgd',
    momentum: 0.9,
    weightDecay: 0,
    executor: onnxruntime,
    threads: 1,
  } as const;
  const step = await openTrainingStep(model, options);
  const found: number[] = [];
  for (let i = 1; i <= 4; i++) {
    const { loss } = await step.run({
      images: normals([BATCH, 3, size, size], 7).data,
      labels: BigInt64Array.from({ length: BATCH }, (_, n) => BigInt(n)),
      scalars: { learningRate: 0.02, step: i },
      keys: [0, i],
    });
    found.push(loss);
  }
  await step.close();
  return found;
}

it.each([
  ['mobilenetv1-0.25', 32],
  ['mobilenetv2-cifar', 8],
  ['repvgg-cifar8', 8],
  ['preresnet20', 8],
  ['se-resnet20', 8],
])('%s learns one batch', async (name, size) => {
  const found = await losses(name, size);
  expect(found.every(Number.isFinite)).toBe(true);
  expect(found.at(-1)!).toBeLessThan(found[0]!);
});
