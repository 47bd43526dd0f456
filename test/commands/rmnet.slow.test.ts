import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { rmnet } from '../../src/commands/rmnet.ts';
import { runCommand } from '../support/run-command.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-rmnet-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const quick = { benchSeconds: '0.1' };

it('writes a plain network, proven and timed, whose every layer may be pruned', async () => {
  const result = await runCommand(rmnet, ['resnet20'], [{ out: at('plain.onnx'), ...quick }]);
  expect(result).toMatchObject({ refusals: [], out: at('plain.onnx') });
  expect(result.converted).toHaveLength(9);
  expect(result.error).toBeLessThan(1e-5);
  const facts = await runCommand(inspect, [at('plain.onnx')], [{}]);
  expect(facts.residuals).toEqual([]);
  const { groups } = facts as { groups: { members: unknown[]; prunable: boolean }[] };
  expect(groups.map(({ members }) => members.length)).toEqual(new Array(20).fill(1));
  expect(groups.filter(({ prunable }) => !prunable)).toHaveLength(1);
  const { after } = result as { after: { macs: number } };
  expect(facts.macs).toBe(after.macs);
  const pruned = await runCommand(
    pruneCommand,
    [at('plain.onnx')],
    [{ ratio: '0.5', out: at('pruned.onnx'), ...quick }],
  );
  expect(pruned.error).toBeLessThan(1e-4);
});

it('plans without writing, converts some blocks alone, and leaves those that grow too much', async () => {
  const plan = await runCommand(rmnet, ['resnet20'], [{ plan: true }]);
  expect(plan).toMatchObject({ out: null, error: null });
  const some = await runCommand(rmnet, ['resnet20'], [{ plan: true, only: 'layer2*' }]);
  expect((some.converted as { add: string }[]).map(({ add }) => add)).toEqual([
    'layer2.0.add',
    'layer2.1.add',
    'layer2.2.add',
  ]);
  const none = await runCommand(rmnet, ['resnet20'], [{ plan: true, maxGrowth: '1.2' }]);
  expect(none.converted).toEqual([]);
  const refused = { where: expect.any(String), reason: expect.any(String) };
  expect(none.refusals).toEqual(new Array(9).fill(refused));
});

it('fuses what is left linear between the blocks of MobileNetV2', async () => {
  const result = await runCommand(
    rmnet,
    ['mobilenetv2-cifar'],
    [{ out: at('chain.onnx'), fuse: true, ...quick }],
  );
  expect(result).toMatchObject({ refusals: [], fused: 17 });
  expect(result.error).toBeLessThan(1e-4);
  const { layers } = await runCommand(inspect, [at('chain.onnx')], [{}]);
  // The stem, and for each of 17 blocks a depthwise convolution and the 1×1 that is left behind it.
  const convolutions = (layers as { op: string }[]).filter(({ op }) => op === 'Conv');
  expect(convolutions).toHaveLength(35);
});

it('refuses to run without a place for the result', async () => {
  await expect(runCommand(rmnet, ['resnet20'], [{}])).rejects.toThrow('missing --out <file>');
  expect(existsSync(at('resnet20'))).toBe(false);
});
