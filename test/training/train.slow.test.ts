import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { stripeController } from '../../src/stripes/controller.ts';
import { stripeLayers } from '../../src/stripes/layers.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import {
  createRunDirectory,
  makeRecipe,
  openRunDirectory,
  type RunDirectory,
} from '../../src/training/run-directory.ts';
import { train } from '../../src/training/train.ts';
import { plainNetwork, residualNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { trainingOptions } from '../support/training-options.ts';

const weightsOf = (network: Graph) =>
  Object.fromEntries(
    network.initializers.map(({ name, tensor }) => [
      name,
      Buffer.from((tensor!.data as Float32Array).buffer).toString('hex'),
    ]),
  );

const newRun = (): RunDirectory =>
  createRunDirectory(join(temporaryFolder(), 'run'), makeRecipe('train', {}, {}));

/** Skeleton training steered by the given pace. */
function controllerFor(network: Graph) {
  const settings = { pace: 'gradual', alpha: 1e-3, threshold: 0.01, target: 0.6, until: 0.5 } as const;
  return stripeController({ ...stripeLayers(network), ...settings });
}

describe('training', () => {
  it.each(['sgd', 'adamw'] as const)('over-fits 64 images with %s', async (optimizer) => {
    const network = await prepareNetwork(residualNetwork(), onnxruntime);
    const learningRate = optimizer === 'sgd' ? 0.1 : 0.01;
    const { epochs } = await train(
      trainingOptions(network, { epochs: 60, optimizer, learningRate, schedule: 'cosine' }),
    );
    expect(epochs.at(-1)!.loss).toBeLessThan(0.01);
    expect(epochs.at(-1)!.trainAccuracy).toBe(1);
  });

  it('refuses images of another size than the network fixes, before a step', async () => {
    const network = await prepareNetwork(plainNetwork(), onnxruntime);
    network.inputs[0]!.shape = ['N', 3, 8, 5];
    await expect(train(trainingOptions(network, { epochs: 1 }))).rejects.toThrow(
      /expected images of 3×8×5, found 3×\d+×\d+/,
    );
  });

  it('continues bit for bit where it was stopped, in the middle of an epoch', async () => {
    const network = await prepareNetwork(plainNetwork(), onnxruntime);
    const common = { augmentation: 'pad-crop-flip', schedule: 'cosine', epochs: 3 } as const;
    const whole = newRun();
    const uninterrupted = await train(
      trainingOptions(network, { ...common, run: whole, controller: controllerFor(network) }),
    );

    const stopping = new AbortController();
    let steps = 0;
    const onStep = () => void (++steps === 6 && stopping.abort());
    const run = newRun();
    const first = trainingOptions(network, {
      ...common,
      run,
      onStep,
      signal: stopping.signal,
      controller: controllerFor(network),
    });
    await expect(train(first)).rejects.toMatchObject({ code: 'interrupted' });
    appendFileSync(join(run.path, 'events.jsonl'), '{"type":"epoch","step":99,"lo');
    const again = openRunDirectory(run.path);
    const resumed = await train(
      trainingOptions(network, { ...common, run: again, resume: true, controller: controllerFor(network) }),
    );

    expect(weightsOf(resumed.network)).toEqual(weightsOf(uninterrupted.network));
    const metrics = (record: RunDirectory) =>
      record.readEvents().map(({ seconds: _, imagesPerSecond: __, time: ___, ...event }) => event);
    expect(metrics(again)).toEqual(metrics(whole));
  });

  it('stops at the first loss that is not finite, the last checkpoint kept', async () => {
    const network = await prepareNetwork(plainNetwork(), onnxruntime);
    const diverging = trainingOptions(network, { learningRate: 1e30, run: newRun() });
    await expect(train(diverging)).rejects.toThrow(
      /^epoch 1, step \d: the loss became (NaN|Infinity): the output of conv\d(\.bn)? .* was not finite first; lower the/,
    );
  });

  it('leaves weights alone where only shapes are learned', async () => {
    const network = await prepareNetwork(plainNetwork(), onnxruntime);
    const settings = { pace: 'threshold', alpha: 0.5, threshold: 0.9, target: null, until: 1 } as const;
    const controller = stripeController({ ...stripeLayers(network), ...settings, freezeWeights: true });
    const { network: after, state } = await train(trainingOptions(network, { epochs: 1, controller }));
    const before = weightsOf(network);
    expect(weightsOf(after)['fc.weight']).toBe(before['fc.weight']);
    expect(weightsOf(after)['conv1.weight']).not.toBe(before['conv1.weight']); // merged with its shape
    expect(state['conv1.weight.skeleton.mask']!.data).toContain(0);
  });
});

describe('the skeletons', () => {
  it('never revive a stripe, keep dead momentum zero, and end at the target with frozen masks', async () => {
    const network = await prepareNetwork(plainNetwork({ widths: [16, 16] }), onnxruntime);
    const controller = controllerFor(network);
    const dead = new Set<string>();
    const spy = {
      ...controller,
      afterStep: (
        moment: Parameters<typeof controller.afterStep>[0],
        state: Parameters<typeof controller.afterStep>[1],
      ) => {
        const tensors = state();
        for (const { weight } of stripeLayers(network).layers) {
          const [mask, skeleton, momentum] = ['.skeleton.mask', '.skeleton', '.skeleton.momentum'].map(
            (part) => tensors[weight.name + part]!.data as Float32Array,
          );
          mask!.forEach((live, i) => {
            const key = `${weight.name}:${i}`;
            if (dead.has(key)) expect([live, skeleton![i]! + 0, momentum![i]! + 0]).toEqual([0, 0, 0]); // −0 + 0 = 0
            if (live === 0) dead.add(key);
          });
        }
        controller.afterStep(moment, state);
      },
    };
    const { epochs } = await train(trainingOptions(network, { epochs: 12, controller: spy }));
    expect(dead.size).toBeGreaterThan(0);
    const kept = epochs.map(({ metrics }) => metrics.macsKept!);
    expect(kept.at(-1)).toBeLessThanOrEqual(0.6);
    expect(kept.at(-1)).toBeGreaterThan(0.5);
    expect(new Set(kept.slice(-3)).size).toBe(1);
  });
});
