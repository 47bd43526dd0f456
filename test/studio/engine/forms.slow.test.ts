import { expect, it } from 'vitest';
import { costs, networkCost } from '../../../src/measure/macs.ts';
import { parseModel } from '../../../src/onnx/index.ts';
import type { MeasuringEngine } from '../../../studio/engine/measure/types.ts';
import { deployForms } from '../../../studio/engine/transform/forms.ts';
import { maskedNetwork } from '../../support/masked-network.ts';
import { relativeError } from '../../support/relative-error.ts';
import { normals, outputOf } from '../../support/run-graph.ts';
import { downloaded, followed, sessionOf } from '../../support/studio-session.ts';

/** An engine in which a network takes a millisecond per million MACs. */
const engine: MeasuringEngine = {
  openModel: async (bytes) => {
    const ms = costs(parseModel(bytes)).macs / 1e6;
    const time = () => new Promise<number>((resolve) => setTimeout(resolve, 2, ms));
    return { time, close: async () => {} };
  },
  openCompiled: () => Promise.reject(new Error('nothing is compiled')),
  close: async () => {},
};

it('layers with zero stripes get their fastest forms, and compute the same', async () => {
  const network = maskedNetwork();
  const { session, bytes } = await sessionOf(network);
  const control = followed();
  const version = await deployForms(session, { ...control, openEngine: async () => engine });
  const made = downloaded(version);
  expect(networkCost(made).macs).toBeLessThan(networkCost(network).macs);
  const input = normals([3, 32, 16, 16], 11);
  expect(relativeError(await outputOf(made, input), await outputOf(network, input))).toBeLessThan(1e-5);
  const labels = control.seen.map(({ label }) => label);
  expect(labels.slice(0, 3)).toEqual([
    'Timing forms',
    expect.stringMatching(/^Timed conv1: /),
    expect.stringMatching(/^Timed conv2: /),
  ]);
  expect(session.undo().bytes()).toBe(bytes);
});

it('is cancelled while forms are timed', async () => {
  const { session } = await sessionOf(maskedNetwork());
  const control = followed('Timing forms');
  const deploying = deployForms(session, { ...control, openEngine: async () => engine });
  await expect(deploying).rejects.toMatchObject({ code: 'interrupted' });
  expect(session.versions).toHaveLength(1);
});
