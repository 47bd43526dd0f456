import { expect, it } from 'vitest';
import { openTraining } from '../../../src/training/open-training.ts';
import { train } from '../../../src/training/train.ts';
import { plainNetwork } from '../../support/small-network.ts';
import { trainingOptions } from '../../support/training-options.ts';

it('labels and a teacher are learned from together, by the weighted sum of both losses', async () => {
  const { network, ...options } = trainingOptions(plainNetwork(), { epochs: 1, learningRate: 0 });
  const teacher = plainNetwork({ widths: [6, 10] });
  const lossOf = async (labelWeight?: number) => {
    const distill = labelWeight === undefined ? undefined : { teacher, labelWeight };
    const { epochs } = await train(await openTraining(network, { ...options, distill }));
    return epochs[0]!;
  };
  const [labels, taught, both] = [await lossOf(), await lossOf(0), await lossOf(0.3)];
  expect(both.loss).toBeCloseTo(0.3 * labels.loss + 0.7 * taught.loss, 4);
  expect(both.trainAccuracy).toBe(labels.trainAccuracy);
  expect(both.testAccuracy).toBe(labels.testAccuracy);
  expect(both.metrics.outputError).toBeCloseTo(taught.metrics.outputError!, 5);
});
