import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Tensors } from '../../src/runtime/executor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { prepareNetwork } from '../../src/training/prepare.ts';
import {
  createRunDirectory,
  makeRecipe,
  openRunDirectory,
  type RunDirectory,
} from '../../src/training/run-directory.ts';
import { type Killing, trained, without } from '../support/shrinking-runs.ts';
import { residualNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('a run that shrank', () => {
  const newRun = (): RunDirectory =>
    createRunDirectory(join(temporaryFolder(), 'run'), makeRecipe('swp', {}, {}));
  /** The second in the numbers that the first leaves: filters 1 and 10 of the original. */
  const twice: Killing[] = [
    { afterStep: 2, filters: { 'block.conv1': [0, 5, 11], 'block.conv2': [2] } },
    { afterStep: 6, filters: { 'block.conv1': [0, 8] } },
  ];
  const bits = (tensors: Tensors) =>
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      shape,
      Buffer.from((data as Float32Array).slice().buffer).toString('hex'),
    ]);

  it.each([5, 7, 11])('continues bit for bit when it was stopped after step %i', async (last) => {
    const network = await prepareNetwork(residualNetwork(), onnxruntime);
    const whole = newRun();
    const uninterrupted = await trained(network, twice, { run: whole });

    const stopping = new AbortController();
    let steps = 0;
    const onStep = () => void (++steps === last && stopping.abort());
    const run = newRun();
    const stopped = trained(network, twice, { run, onStep, signal: stopping.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    const again = openRunDirectory(run.path);
    const resumed = await trained(network, twice, { run: again, resume: true });

    expect(bits(resumed.state)).toEqual(bits(uninterrupted.state));
    const shapes = ({ controller, network: left }: typeof resumed) => controller.shapes(left);
    expect(shapes(resumed)).toEqual(shapes(uninterrupted));
    const live = shapes(resumed)[1]!.masks.flatMap((mask, m) => (mask === 0 ? [] : [m]));
    expect(live).toEqual(without(12, [0, 1, 5, 10, 11]));
    const untimed = (record: RunDirectory) =>
      record.readEvents().map(({ seconds: _, imagesPerSecond: __, time: ___, ...event }) => event);
    expect(untimed(again)).toEqual(untimed(whole));
    expect(untimed(whole).map(({ type }) => type)).toEqual([
      ...['epoch', 'shapes', 'shrink', 'epoch', 'shapes', 'shrink', 'epoch', 'shapes'],
    ]);
    const atEnd = { type: 'shapes', epoch: 3, shapes: shapes(uninterrupted) };
    expect(untimed(whole).at(-1)).toMatchObject(atEnd);
  });
});
