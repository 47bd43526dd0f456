import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { graftEpoch } from '../../src/grafting/graft-epoch.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import {
  latestCheckpoint,
  readCheckpoint,
  saveCheckpoint,
  setBrokenAside,
} from '../../src/training/checkpoint.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const state = (...w: number[]) => ({ tensors: { w: floats([w.length], w) }, progress: { epoch: 1 } });

/** Averages two networks at step 4. */
const average = (folders: readonly string[]) =>
  graftEpoch({
    folders,
    network: plainNetwork(),
    layers: [],
    epoch: 1,
    step: 4,
    settings: { source: 'average', level: 'layer', momentum: 'keep', threshold: 0, noise: 0, seed: 1 },
    calibration: () => Promise.reject(new Error('averages need no images')),
    executor: onnxruntime,
  });

const grafted = 'checkpoint.4.grafted.safetensors';
const valuesIn = (path: string) => [...(readCheckpoint(path).tensors.w!.data as Float32Array)];

it('a graft that is broken is made again as it was, although another network is past it', async () => {
  const [one, two] = [temporaryFolder(), temporaryFolder()];
  saveCheckpoint(one, 4, state(1, 2));
  saveCheckpoint(two, 4, state(3, 6));
  await average([one, two]);
  expect([valuesIn(join(one, grafted)), valuesIn(join(two, grafted))]).toEqual([
    [2, 4],
    [2, 4],
  ]);
  // Network 1 trains on, network 2 does not yet.
  for (const step of [5, 6, 7]) saveCheckpoint(one, step, state(step, step));
  const path = join(two, grafted);
  const whole = readFileSync(path);
  writeFileSync(
    path,
    whole.map((byte, i) => (i === whole.length - 1 ? byte ^ 1 : byte)),
  );
  const warnings: string[] = [];
  setBrokenAside(two, (line) => void warnings.push(line));
  expect(warnings).toEqual([expect.stringContaining(`${grafted}: broken checkpoint`)]);
  await average([one, two]);
  expect(readFileSync(path).equals(whole)).toBe(true);
  expect(latestCheckpoint(one)!.tensors.w!.data).toEqual(new Float32Array([7, 7]));
  // Without what network 1 was before it is refused, and not made from something later.
  rmSync(path);
  rmSync(join(one, 'checkpoint.4.safetensors'));
  await expect(average([one, two])).rejects.toThrow(
    `${one}: contains no checkpoint of step 4, at which all networks are grafted: start again in another folder`,
  );
});
