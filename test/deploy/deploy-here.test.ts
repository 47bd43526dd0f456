import { expect, it } from 'vitest';
import { costs, deploy, fold } from '../../src/index.ts';
import { maskedNetwork } from '../support/masked-network.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { machine } from '../support/timing-machine.ts';

const timer = machine((graph) => costs(graph).macs / 1e6);

it('skips zero stripes by what the timer measures, and says what measured', async () => {
  const network = maskedNetwork({ channels: 8 });
  const heard = new Set<string>();
  const deployed = await deploy(network, { timer, onLayer: ({ name }) => heard.add(name) });
  const { graph, float32, engine, macs, error } = deployed;
  expect([engine, heard]).toEqual(['test', new Set(['conv1', 'conv2'])]);
  expect(macs.after).toBe(costs(graph).macs);
  expect(macs.after).toBeLessThan(0.8 * macs.before);
  expect(error).toBeLessThan(1e-4);
  expect(float32.nodes.length).toBe(graph.nodes.length);
  const images = normals([2, 8, 16, 16], 3);
  expect(relativeError(await outputOf(graph, images), await outputOf(network, images))).toBeLessThan(1e-5);
});

it('gives a network back in the element types that it has', async () => {
  const { graph: half } = await fold(maskedNetwork({ channels: 8 }), { elementType: 'float16' });
  const { graph, float32 } = await deploy(half, { timer });
  expect([graph, float32].map(({ inputs }) => inputs[0]!.dtype)).toEqual(['float16', 'float32']);
});
