import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluateModel } from '../../src/commands/eval.ts';
import { graftCommand } from '../../src/commands/graft/graft.ts';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { interruptedAt, type Raw, runCommand } from '../support/run-command.ts';

let folder = '';
let shared: Raw = {};
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-graft-'));
  const data = at('images');
  await writeImageFolder(data, { count: 96, size: 16, classes: 3, seed: 1 });
  const training = {
    data,
    size: '16',
    batch: '16',
    threads: '1',
    lr: '0.05',
    epochs: '3',
    augmentation: 'none',
  };
  shared = { ...training, executor: 'onnxruntime', invalidBelow: '0.5' };
});
afterAll(() => rmSync(folder, { recursive: true }));

const bytesOf = (run: string, name: string) => readFileSync(at(run, name));

it('trains two networks that graft one another, keeps both, and returns the better', async () => {
  const result = await runCommand(graftCommand, ['espalier-demo'], [{ ...shared, out: at('ring') }]);
  const members = result.members as { top1: number; learningRate: number }[];
  // lr·(1 + cos(π/2))/2 and lr·(1 + cos 0)/2.
  expect(members.map(({ learningRate }) => learningRate)).toEqual([
    expect.closeTo(0.025),
    expect.closeTo(0.05),
  ]);
  const tops = await Promise.all(
    ['network-1.onnx', 'network-2.onnx', 'model.onnx'].map(async (name) => {
      const { top1 } = await runCommand(evaluateModel, [at('ring', name)], [{ data: String(shared.data) }]);
      return Number(top1);
    }),
  );
  expect(tops.slice(0, 2)).toEqual(members.map(({ top1 }) => top1));
  expect(tops[2]).toBe(Math.max(tops[0]!, tops[1]!));
  expect(result.ensemble).toBeGreaterThan(0.3);
  expect(bytesOf('ring', 'network-1.onnx').equals(bytesOf('ring', 'network-2.onnx'))).toBe(false);
  const events = bytesOf('ring', 'events.jsonl')
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  expect(events.filter(({ type }) => type === 'graft').map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
});

it('ends as if never stopped when it is interrupted and resumed', async () => {
  const out = at('stopped');
  const stopped = runCommand(
    graftCommand,
    ['espalier-demo'],
    [{ ...shared, out }, interruptedAt('epoch 2/3')],
  );
  // The folder of the whole run, not that of a network.
  await expect(stopped).rejects.toThrow(new RegExp(`^interrupted: continue with .* ${out}$`));
  expect(existsSync(join(out, 'model.onnx'))).toBe(false);
  await runCommand(graftCommand, [], [{ resume: out }]);
  for (const name of ['network-1.onnx', 'network-2.onnx'])
    expect(bytesOf('stopped', name).equals(bytesOf('ring', name))).toBe(true);
});

it.each(['internal', 'noise'])('one network is grafted from %s', async (source) => {
  const raw = { ...shared, epochs: '2', networks: '1', source, out: at(source) };
  const result = await runCommand(graftCommand, ['espalier-demo'], [raw]);
  expect(result).toMatchObject({ best: 1, ensemble: null });
});

it('what weights tell is looked at', async () => {
  const { entropy } = await runCommand(inspect, ['resnet20'], [{ entropy: true, invalidBelow: '1e9' }]);
  const nothing = await runCommand(inspect, ['resnet20'], [{ entropy: true, invalidBelow: '60%' }]);
  expect((nothing.entropy as { invalid: number }[]).every(({ invalid }) => invalid === 0)).toBe(true);
  const bad = runCommand(inspect, ['resnet20'], [{ entropy: true, invalidBelow: 'half' }]);
  await expect(bad).rejects.toThrow('--invalid-below: expected a number of at least 0, or a percentage');
  const layers = entropy as { name: string; filters: number; invalid: number; entropy: number }[];
  expect(layers[0]).toMatchObject({ name: 'conv1', filters: 16, invalid: 16 });
  expect(layers).toHaveLength(19);
  // Normal numbers, in ten bins between their extremes: well above half of the most there can be.
  for (const { entropy: own } of layers) expect(own).toBeGreaterThan(Math.log(10) / 2);
});

it('refuses to graft one network from another', async () => {
  const alone = runCommand(graftCommand, ['espalier-demo'], [{ ...shared, networks: '1', out: at('alone') }]);
  await expect(alone).rejects.toThrow('--source external needs --networks 2 or more');
});
