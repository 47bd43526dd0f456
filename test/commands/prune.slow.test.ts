import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateModel } from '../../src/commands/eval.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { sensitivityCommand } from '../../src/commands/sensitivity/sensitivity.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { costs } from '../../src/measure/macs.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { readRunRecord } from '../../src/report/index.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { interruptedAt, type Raw, runCommand } from '../support/run-command.ts';

let folder = '';
let images: Raw = {};
let training: Raw = {};
const at = (...parts: string[]) => join(folder, ...parts);
const model = () => at('base', 'model.onnx');
const quick = { benchSeconds: '0.1' };
const macsOf = async (path: string) => Number((await runCommand(inspect, [path], [{}])).macs);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-prune-'));
  const data = at('images');
  await writeImageFolder(data, { count: 96, size: 16, classes: 3, seed: 1 });
  images = { data };
  training = { data, batch: '16', threads: '1', lr: '0.05', epochs: '2', augmentation: 'none' };
  await runCommand(
    trainModel,
    ['espalier-demo'],
    [{ ...training, size: '16', epochs: '3', out: at('base') }],
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('prune, without images', () => {
  it('writes a model that is smaller, verified, and says what went', async () => {
    const out = at('half.onnx');
    const result = await runCommand(pruneCommand, [model()], [{ ratio: '0.5', out, ...quick }]);
    expect(result).toMatchObject({ model: out, met: true, original: null });
    expect(result.error).toBeLessThan(1e-4);
    const { before, after } = result as Record<'before' | 'after', { macs: number; latencyMs: number }>;
    expect(after.macs).toBe(await macsOf(out));
    expect(after.macs).toBeLessThan(0.35 * before.macs);
    expect(after.latencyMs).toBeGreaterThan(0);
    expect(result.leftAlone).toEqual([{ name: 'fc', reason: 'it is an output of the network' }]);
  });

  it.each(['l2-norm', 'geometric-median', 'weight-rank', 'bn-scale', 'random'])(
    'ranks by %s',
    async (criterion) => {
      const out = at(`${criterion}.onnx`);
      const raw = { criterion, macs: '0.6', round: '1', scope: 'global', out, ...quick };
      const { met } = await runCommand(pruneCommand, [model()], [raw]);
      expect(met).toBe(true);
      const part = (await macsOf(out)) / (await macsOf(model()));
      expect(part).toBeLessThanOrEqual(0.6);
      expect(part).toBeGreaterThan(0.55);
    },
  );

  it('finds the ratio that a latency takes', async () => {
    const out = at('latency.onnx');
    // Any network is within one and a half times its own time: nothing needs to go.
    const { groups } = await runCommand(pruneCommand, [model()], [{ latency: '1', out, ...quick }]);
    expect((groups as unknown[]).length).toBeGreaterThan(3);
    expect(existsSync(out)).toBe(true);
  });

  describe('of a network that leaves its size open', () => {
    const open = () => at('open.onnx');
    beforeAll(() => {
      const network = readModelFile(model());
      network.metadata = {};
      network.inputs[0]!.shape = ['N', 3, 'H', 'W'];
      for (const value of network.nodes.flatMap(({ outputs }) => outputs)) value!.shape = null;
      writeModelFile(network, open());
    });

    it.each<Raw>([
      { ratio: '0.5' },
      { macs: '0.6', round: '1', per: 'bytes', scope: 'global' },
      { latency: '0.9' },
      { macs: '0.6', granularity: 'stripe', form: 'stripe' },
    ])('needs a size, and leaves it open: %j', async (raw) => {
      const out = at('opened.onnx');
      await expect(runCommand(pruneCommand, [open()], [{ ...raw, out, ...quick }])).rejects.toThrow(
        'is free: expected --size N',
      );
      await runCommand(pruneCommand, [open()], [{ ...raw, out, size: '16', ...quick }]);
      const pruned = readModelFile(out);
      expect(pruned.inputs[0]!.shape).toEqual(['N', 3, 'H', 'W']);
      expect(costs(pruned, { size: 16 }).macs).toBeLessThan(costs(readModelFile(open()), { size: 16 }).macs);
    });
  });

  it('plans and explains without writing', async () => {
    const plan = await runCommand(pruneCommand, [model()], [{ ratio: '0.5', plan: true }]);
    const after = plan.after as { macs: number };
    await runCommand(pruneCommand, [model()], [{ ratio: '0.5', out: at('planned.onnx'), ...quick }]);
    expect(after.macs).toBe(await macsOf(at('planned.onnx')));
    const { groups } = await runCommand(pruneCommand, [model()], [{ ratio: '0.5', explain: 'fc' }]);
    expect(groups).toMatchObject([
      { layers: ['fc'], channels: 3, kept: 3, reason: 'it is an output of the network' },
    ]);
    const wrong = runCommand(pruneCommand, [model()], [{ ratio: '0.5', explain: 'nowhere' }]);
    await expect(wrong).rejects.toThrow('--explain: no layer is named nowhere, expected one of conv1');
  });

  it.each(['stripe', 'group', 'weight'])('makes zeros of %ss', async (granularity) => {
    const out = at(`${granularity}.onnx`);
    await runCommand(pruneCommand, [model()], [{ granularity, ratio: '0.5', out, ...quick }]);
    const weights = readModelFile(out).nodes.flatMap(({ op, inputs }) =>
      op === 'Conv' ? [inputs[1]!.tensor!] : [],
    );
    const elements = weights.flatMap(({ data }) => Array.from(data as Float32Array));
    expect(elements.filter((w) => w === 0).length / elements.length).toBeGreaterThan(0.4);
  });
});

describe('prune, with images', () => {
  it('recovers without labels, and looks after each step of it', async () => {
    const out = at('recovered');
    const raw = { ...images, ratio: '0.4', round: '1', calibrationImages: '64', out, ...quick };
    const { steps } = await runCommand(pruneCommand, [model()], [raw]);
    const [{ stages }] = steps as [{ stages: { stage: string }[] }];
    expect(stages.map(({ stage }) => stage)).toEqual(['cut', 'recalibrate', 'reconstruct']);
    const record = readRunRecord(out);
    expect(record.pruning.steps).toHaveLength(1);
    expect(record.pruning.groups.length).toBeGreaterThan(3);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('weights reconstructed');
  });

  it('takes images of no class, and refuses what needs one', async () => {
    const data = at('images', 'train', 'class0');
    const raw = { data, ratio: '0.4', round: '1', calibrationImages: '16', ...quick };
    const result = await runCommand(pruneCommand, [model()], [{ ...raw, out: at('unlabelled.onnx') }]);
    expect(result).toMatchObject({
      original: { top1: null, outputError: 0 },
      steps: [{ stages: [{ stage: 'cut', top1: null }, { stage: 'recalibrate' }, { stage: 'reconstruct' }] }],
    });
    const errors = (result.steps as { stages: { outputErrors: object }[] }[])[0]!.stages;
    for (const { outputErrors } of errors) expect(Object.values(outputErrors)).toEqual([expect.any(Number)]);
    expect(result.outputs).toMatchObject({ outputErrors: errors.at(-1)!.outputErrors });
    const taylor = runCommand(
      pruneCommand,
      [model()],
      [{ ...raw, criterion: 'taylor', out: at('refused.onnx') }],
    );
    await expect(taylor).rejects.toThrow(
      'taylor needs images by class: expected one folder per class in --data',
    );
    const looked = await runCommand(
      sensitivityCommand,
      [model()],
      [{ data, ratios: '0.5', round: '1', calibrationImages: '16', out: at('unlabelled') }],
    );
    expect((looked.units as { points: object[] }[])[0]!.points).toMatchObject([
      { top1: null, outputError: 0 },
      { loss: null },
    ]);
    const chosen = {
      macs: '0.7',
      round: '1',
      sensitivity: at('unlabelled'),
      out: at('chosen-blind.onnx'),
      ...quick,
    };
    expect(await runCommand(pruneCommand, [model()], [chosen])).toMatchObject({ met: true });
  });

  it('puts BatchNormalization back where it was folded away', async () => {
    await runCommand(foldCommand, [model()], [{ out: at('folded.onnx') }]);
    const raw = {
      ...training,
      epochs: '1',
      insertBatchnorm: true,
      ratio: '0.3',
      criterion: 'bn-scale',
      out: at('inserted'),
      ...quick,
    };
    await runCommand(pruneCommand, [at('folded.onnx')], [raw]);
    const operators = readModelFile(at('inserted', 'model.onnx')).nodes.map(({ op }) => op);
    expect(operators.filter((op) => op === 'BatchNormalization')).toHaveLength(6);
  });

  it('searches widths, and goes on where the search was interrupted', async () => {
    const raw = {
      ...images,
      macs: '0.5',
      round: '1',
      search: '8',
      recover: 'none',
      calibrationImages: '32',
      ...quick,
    };
    const triedIn = (name: string) =>
      readFileSync(at(name, 'events.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('"candidate"'))
        .map((line) => line.replace(/"time":"[^"]*",?/, ''));
    const { met } = await runCommand(pruneCommand, [model()], [{ ...raw, out: at('searched') }]);
    expect(met).toBe(true);
    expect(triedIn('searched').length).toBeGreaterThan(3);
    const stopped = runCommand(
      pruneCommand,
      [model()],
      [{ ...raw, out: at('search-stopped') }, interruptedAt('searching')],
    );
    await expect(stopped).rejects.toThrow('search interrupted: evaluated candidates are recorded');
    expect(triedIn('search-stopped')).toHaveLength(1);
    await runCommand(pruneCommand, [], [{ resume: at('search-stopped') }]);
    expect(triedIn('search-stopped')).toEqual(triedIn('searched'));
    const bytes = (name: string) => readFileSync(at(name, 'model.onnx'));
    expect(bytes('search-stopped').equals(bytes('searched'))).toBe(true);
  });

  it.each(['apoz', 'feature-rank', 'taylor'])('ranks by %s', async (criterion) => {
    const raw = {
      ...images,
      criterion,
      macs: '0.6',
      round: '1',
      calibrationImages: '32',
      recover: 'none',
      ...quick,
    };
    const { met } = await runCommand(pruneCommand, [model()], [{ ...raw, out: at(`${criterion}.onnx`) }]);
    expect(met).toBe(true);
  });

  it('retrains after each of several cuts, and ends as if never stopped when interrupted', async () => {
    const raw = { ...training, macs: '0.5', round: '1', steps: '2', executor: 'onnxruntime', ...quick };
    const whole = await runCommand(pruneCommand, [model()], [{ ...raw, out: at('steps') }]);
    expect(whole.steps).toMatchObject([
      { stages: [{ stage: 'cut' }, { stage: 'recalibrate' }, { stage: 'retrained' }] },
      {},
    ]);
    expect(readRunRecord(at('steps')).epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    const stopped = runCommand(
      pruneCommand,
      [model()],
      [{ ...raw, out: at('stopped') }, interruptedAt('epoch 1/1')],
    );
    await expect(stopped).rejects.toThrow('interrupted');
    await runCommand(pruneCommand, [], [{ resume: at('stopped') }]);
    const bytes = (name: string) => readFileSync(at(name, 'model.onnx'));
    expect(bytes('stopped').equals(bytes('steps'))).toBe(true);
    const { top1 } = await runCommand(evaluateModel, [at('steps', 'model.onnx')], [images]);
    expect(top1).toBe((whole.after as { top1: number }).top1);
  });

  it('prunes while it trains, and ends as if never stopped when interrupted', async () => {
    const raw = { ...training, macs: '0.5', round: '1', maskEvery: '1', executor: 'onnxruntime', ...quick };
    const whole = await runCommand(pruneCommand, [model()], [{ ...raw, out: at('gradual') }]);
    expect(whole).toMatchObject({ met: true, criterion: 'taylor', scope: 'global' });
    expect(whole.steps).toMatchObject([{ stages: [{ stage: 'retrained' }, { stage: 'recalibrate' }] }]);
    const { epochs } = readRunRecord(at('gradual'));
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(epochs[1]!.macsKept).toBeLessThanOrEqual(0.5);
    const stopped = runCommand(
      pruneCommand,
      [model()],
      [{ ...raw, out: at('gradual-stopped') }, interruptedAt('epoch 2/2')],
    );
    await expect(stopped).rejects.toThrow('interrupted');
    await runCommand(pruneCommand, [], [{ resume: at('gradual-stopped') }]);
    const bytes = (name: string) => readFileSync(at(name, 'model.onnx'));
    expect(bytes('gradual-stopped').equals(bytes('gradual'))).toBe(true);
  });

  it('learns masks before it cuts, and goes on in the midst of that', async () => {
    const raw = {
      ...training,
      epochs: '1',
      maskEpochs: '2',
      maskStrength: '0.05',
      criterion: 'mask',
      macs: '0.6',
    };
    const more = { ...raw, round: '1', executor: 'onnxruntime', scope: 'global', ...quick };
    const whole = await runCommand(pruneCommand, [model()], [{ ...more, out: at('masks') }]);
    expect(whole).toMatchObject({ met: true, criterion: 'mask' });
    const stopped = runCommand(
      pruneCommand,
      [model()],
      [{ ...more, out: at('masks-stopped') }, interruptedAt('epoch 2/2')],
    );
    await expect(stopped).rejects.toThrow('interrupted');
    await runCommand(pruneCommand, [], [{ resume: at('masks-stopped') }]);
    const bytes = (name: string) => readFileSync(at(name, 'model.onnx'));
    expect(bytes('masks-stopped').equals(bytes('masks'))).toBe(true);
  });

  it('keeps zeros zero while retraining', async () => {
    const out = at('sparse');
    const raw = { ...training, epochs: '1', granularity: 'weight', ratio: '0.5', out, ...quick };
    await runCommand(pruneCommand, [model()], [raw]);
    const graph = readModelFile(join(out, 'model.onnx'));
    const elements = graph.nodes
      .flatMap(({ op, inputs }) => (op === 'Conv' ? [inputs[1]!.tensor!] : []))
      .flatMap(({ data }) => Array.from(data as Float32Array));
    expect(elements.filter((w) => w === 0).length / elements.length).toBeGreaterThan(0.4);
  });
});

describe('sensitivity', () => {
  it('is measured group by group, gone on with, and chooses widths', async () => {
    const raw = { ...images, ratios: '0.5', round: '1', calibrationImages: '32', out: at('sensitivity') };
    const stopped = runCommand(sensitivityCommand, [model()], [raw, interruptedAt('measuring')]);
    await expect(stopped).rejects.toThrow('measuring interrupted');
    const { units } = await runCommand(sensitivityCommand, [], [{ resume: at('sensitivity') }]);
    const measured = units as { name: string; points: { ratio: number; outputError: number }[] }[];
    expect(measured.map(({ name }) => name)).toEqual(['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'conv6']);
    for (const { points } of measured) {
      expect(points.map(({ ratio }) => ratio)).toEqual([0, 0.5]);
      expect(points[0]!.outputError).toBe(0);
      expect(points[1]!.outputError).toBeGreaterThan(0);
    }
    expect(readFileSync(at('sensitivity', 'report.html'), 'utf8')).toContain('Sensitivity');
    const out = at('chosen.onnx');
    await runCommand(
      pruneCommand,
      [model()],
      [{ macs: '0.7', round: '1', sensitivity: at('sensitivity'), out, ...quick }],
    );
    expect((await macsOf(out)) / (await macsOf(model()))).toBeLessThanOrEqual(0.7);
  });
});

describe('prune refuses', () => {
  it.each<[Raw, string]>([
    [{}, 'expected one of --ratio, --macs, --parameters and --latency, found none'],
    [
      { ratio: '0.5', macs: '0.5' },
      'expected one of --ratio, --macs, --parameters and --latency, found --ratio and --macs',
    ],
    [{ ratio: '0.5', criterion: 'taylor' }, '--data'],
    [{ ratio: '0.5', epochs: '3' }, '--epochs needs --data'],
    [{ latency: '0.5', granularity: 'weight' }, '--latency: zeros save no time'],
    [
      { ratio: '0.5', granularity: 'stripe', criterion: 'taylor' },
      '--granularity stripe requires --criterion l1-norm, l2-norm, random',
    ],
    [{ ratio: '0.5', layerRatio: 'conv1' }, '--layer-ratio: expected GLOB=RATIO'],
    [
      { ratio: '0.5', criterion: 'mask' },
      '--criterion mask needs --granularity filter or channel, --data and --epochs',
    ],
    [
      { ratio: '0.5', criterion: 'mask', plan: true },
      '--criterion mask learns which channels to remove, so that it has no --plan or --explain',
    ],
    [
      { ratio: '0.5', search: '9', data: 'x' },
      '--search needs --granularity filter or channel, --data, and --macs',
    ],
    [
      { ratio: '0.5', criterion: 'mask', plan: true },
      '--criterion mask learns which channels to remove, so that it has no --plan or --explain',
    ],
    [
      { ratio: '0.5', search: '9', data: 'x' },
      '--search needs --granularity filter or channel, --data, and --macs',
    ],
    [{ ratio: '1.5' }, '--ratio: expected a fraction above 0, up to 1'],
    [{ macs: '0.5', steps: '3', epochs: '2', data: 'x' }, '--steps 3 needs at least 3 epochs, found 2'],
  ])('%j', async (raw, message) => {
    const out = at('refused.onnx');
    const epochs = raw.epochs === undefined ? out : at('refused');
    await expect(runCommand(pruneCommand, [model()], [{ ...raw, out: epochs }])).rejects.toThrow(message);
    expect(existsSync(out)).toBe(false);
  });
});
