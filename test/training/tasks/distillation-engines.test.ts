import { describe, expect, it } from 'vitest';
import { chooseExecutor } from '../../../src/runtime/choose.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import { distillation } from '../../../src/training/tasks/distillation/distillation.ts';
import { train } from '../../../src/training/train.ts';
import { expectNear, hasOnednn } from '../../support/executors.ts';
import { detector, type Head, headedNetwork, softmax } from '../../support/headed-network.ts';
import { trainingOptions } from '../../support/training-options.ts';

async function distilled(head: Head, trainer = onnxruntime) {
  const [student, teacher] = [headedNetwork(1, head), headedNetwork(2, head)];
  const { data, preprocessing } = trainingOptions(student);
  const task = await distillation(student, {
    teacher,
    data,
    preprocessing,
    executor: onnxruntime,
    batch: 16,
  });
  return train(trainingOptions(student, { task, trainer, learningRate: 0.01 }));
}

describe.skipIf(!hasOnednn)('what is distilled in oneDNN equals what is in onnxruntime', () => {
  it.each([
    ['class scores', softmax],
    ['boxes, probabilities and places', detector],
  ] as const)('%s', async (_, head) => {
    const { executor } = await chooseExecutor('onednn');
    const [found, expected] = [await distilled(head, executor), await distilled(head)];
    for (const [name, { data }] of Object.entries(expected.state))
      expectNear(found.state[name]!, data as Float32Array, { tolerance: 1e-4, what: name });
    found.epochs.forEach(({ loss }, i) => expect(loss).toBeCloseTo(expected.epochs[i]!.loss, 4));
  });
});
