import { join } from 'node:path';
import { expect, it } from 'vitest';
import { costs } from '../../../src/measure/macs.ts';
import { verifyEquivalent } from '../../../src/rewrite/index.ts';
import type { Tensors } from '../../../src/runtime/executor.ts';
import { onnxruntime } from '../../../src/runtime/onnxruntime/index.ts';
import {
  createRunDirectory,
  makeRecipe,
  openRunDirectory,
  type RunDirectory,
} from '../../../src/training/run-directory.ts';
import { gradually, trainedGradually } from '../../support/gradual-runs.ts';
import { residualNetwork } from '../../support/small-network.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const momentum = { momentum: 0.9, weightDecay: 1e-3 };
const newRun = (): RunDirectory =>
  createRunDirectory(join(temporaryFolder(), 'run'), makeRecipe('prune', {}, {}));

const bits = (tensors: Tensors) =>
  Object.entries(tensors).map(([name, { shape, data }]) => [
    name,
    shape,
    Buffer.from((data as Float32Array).slice().buffer).toString('hex'),
  ]);

it.each([3, 5, 7, 11])('continues bit for bit when it was stopped after step %i', async (last) => {
  const whole = newRun();
  const uninterrupted = await trainedGradually(residualNetwork(), { ...momentum, run: whole });

  const stopping = new AbortController();
  let steps = 0;
  const onStep = () => void (++steps === last && stopping.abort());
  const run = newRun();
  const stopped = trainedGradually(residualNetwork(), { ...momentum, run, onStep, signal: stopping.signal });
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  const again = openRunDirectory(run.path);
  const resumed = await trainedGradually(residualNetwork(), { ...momentum, run: again, resume: true });

  expect(bits(resumed.result.state)).toEqual(bits(uninterrupted.result.state));
  expect(resumed.controller.save()).toEqual(uninterrupted.controller.save());
  const untimed = (record: RunDirectory) =>
    record.readEvents().map(({ seconds: _, imagesPerSecond: __, time: ___, ...event }) => event);
  expect(untimed(again)).toEqual(untimed(whole));
  expect(untimed(whole).map(({ type }) => type)).toEqual(['epoch', 'shrink', 'epoch', 'shrink', 'epoch']);
});

it.each(['sgd', 'adamw'] as const)(
  'takes masked channels out and trains on as if they were there, by %s',
  async (optimizer) => {
    const training = { ...momentum, optimizer, learningRate: optimizer === 'sgd' ? 0.05 : 0.002 };
    const losses: Record<string, number[]> = { out: [], kept: [] };
    const record = (name: string) => ({
      onStep: ({ loss }: { loss: number }) => void losses[name]!.push(loss),
    });
    const out = await trainedGradually(residualNetwork(), { ...training, ...record('out') });
    const { sets } = await gradually(residualNetwork());
    const kept = await trainedGradually(
      residualNetwork(),
      { ...training, ...record('kept') },
      { sets: { ...sets, removable: () => false } },
    );
    expect(kept.controller.pruned()).toEqual(out.controller.pruned());
    losses.out!.forEach((loss, i) => expect(loss).toBeCloseTo(losses.kept![i]!, 3));
    const smaller = out.controller.reduced(out.result.state);
    expect(out.result.network.initializers[0]!.shape).not.toEqual(kept.result.network.initializers[0]!.shape);
    await verifyEquivalent(kept.result.network, smaller, { executor: onnxruntime, tolerance: 1e-2 });
    const part = costs(smaller).macs / costs(residualNetwork()).macs;
    expect(part).toBeLessThanOrEqual(0.4);
    expect(part).toBeGreaterThan(0.32);
  },
);
