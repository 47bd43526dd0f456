import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '../../src/commands/command.ts';
import { evaluateModel } from '../../src/commands/eval.ts';
import { graftCommand } from '../../src/commands/graft/graft.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { swp } from '../../src/commands/swp/swp.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { loadPreprocessing } from '../../src/data/preprocessing.ts';
import { readModelFile } from '../../src/onnx/model-file.ts';
import { readRunRecord } from '../../src/report/index.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { interruptedAt, type Raw, runCommand, silent } from '../support/run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);

let shared: Raw = {};
beforeAll(async () => {
  await writeImageFolder(at('images'), { count: 48, size: 16, classes: 3, seed: 1 });
  // One picture is twice as wide as high.
  const wide = { create: { width: 32, height: 16, channels: 3 as const, background: '#804020' } };
  mkdirSync(at('images', 'val', 'class0'), { recursive: true });
  await sharp(wide)
    .png()
    .toFile(at('images', 'val', 'class0', 'wide.png'));
  shared = {
    ...{ data: at('images'), size: '16', batch: '16', threads: '1', executor: 'onnxruntime' },
    ...{ lr: 'auto', schedule: 'one-cycle', ema: '0.9', clipNorm: '1', fit: 'letterbox', pad: '0' },
    augmentation: 'flip,color-jitter,mixup',
  };
});

test('a run with every option of training ends alike when it is interrupted, and its model stores how images are resized', async () => {
  const notes: string[] = [];
  const context: Context = { ...silent, note: (line) => void notes.push(line) };
  const whole = { ...shared, epochs: '4', stopAfter: '3' };
  const trained = await runCommand(trainModel, ['espalier-demo'], [{ ...whole, out: at('whole') }, context]);
  expect(notes).toContainEqual(expect.stringMatching(/^learning rate .* range test$/));
  expect(notes).toContainEqual(expect.stringMatching(/^result: the (averaged|last) weights/));
  const record = readRunRecord(at('whole'));
  expect(record.rangeTests).toHaveLength(1);
  expect(record.epochs[0]!.averaged?.testAccuracy).toEqual(expect.any(Number));
  expect(readFileSync(at('whole', 'report.html'), 'utf8')).toContain('averaged weights');

  const stopping = interruptedAt('epoch 2/4');
  const stopped = runCommand(trainModel, ['espalier-demo'], [{ ...whole, out: at('stopped') }, stopping]);
  await expect(stopped).rejects.toThrow('interrupted');
  await runCommand(trainModel, [], [{ resume: at('stopped') }]);
  const [one, two] = ['whole', 'stopped'].map((name) => readFileSync(at(name, 'model.onnx')));
  expect(two!.equals(one!)).toBe(true);

  const model = at('whole', 'model.onnx');
  expect(loadPreprocessing(readModelFile(model))).toMatchObject({ fit: 'letterbox', pad: 0 });
  const loss = async (raw: Raw) =>
    (await runCommand(evaluateModel, [model], [{ data: at('images'), ...raw }])).loss;
  expect(await loss({})).toBeCloseTo((trained.after as { loss: number }).loss, 6);
  expect(await loss({ fit: 'stretch' })).not.toBeCloseTo((trained.after as { loss: number }).loss, 6);
});

test('a pruned network is retrained at a rate that is found for it', async () => {
  const raw = { ...shared, macs: '0.5', steps: '1', epochs: '1', augmentation: 'random-resized-crop,cutmix' };
  await runCommand(pruneCommand, ['espalier-demo'], [{ ...raw, benchSeconds: '0.1', out: at('pruned') }]);
  const record = readRunRecord(at('pruned'));
  expect(record.rangeTests).toHaveLength(1);
  expect(record.epochs).toHaveLength(1);
});

test.each([
  [{ ema: '0.9' }, '--ema: networks that train together cannot have it', graftCommand],
  [{ stopAfter: '2' }, '--stop-after: networks that train together cannot have it', graftCommand],
  [{ replicas: '2', ema: '0.9' }, '--ema: networks that train together cannot have it', trainModel],
  [{ ema: '0.9' }, '--ema: filter skeletons have no moving averages', swp],
  [{ pad: '3', fit: 'crop' }, '--pad needs --fit letterbox, found crop', trainModel],
  [{ fit: 'stretch', data: 'cifar10', size: '32' }, '--fit and --pad need a folder of images', trainModel],
  [{ augmentation: 'flop' }, '--augmentation: expected some of none, flip', trainModel],
  [{ lr: 'none' }, '--lr: expected a number above 0, or auto', trainModel],
] as const)('a command refuses %j', async (raw, message, command) => {
  const plain = { data: at('images'), size: '16', epochs: '1', out: at('refused') };
  await expect(runCommand(command, ['espalier-demo'], [{ ...plain, ...raw }])).rejects.toThrow(message);
});
