import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench } from '../../src/commands/bench/bench.ts';
import type { Command, Context } from '../../src/commands/command.ts';
import { evaluateModel } from '../../src/commands/eval.ts';
import { foldCommand } from '../../src/commands/fold.ts';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { swp } from '../../src/commands/swp/swp.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { readRunRecord } from '../../src/report/index.ts';
import { espalier } from '../support/command-line.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { interruptedAt, type Raw, runCommand } from '../support/run-command.ts';

const run = (command: Command, args: string[], raw: Raw, context?: Context) =>
  runCommand(command, args, context ? [raw, context] : [raw]);

describe('a network from its first step to its report', () => {
  let folder = '';
  let shared: Raw = {};
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-runs-'));
    const data = join(folder, 'images');
    await writeImageFolder(data, { count: 96, size: 16, classes: 3, seed: 1 });
    shared = { data, size: '16', batch: '16', threads: '1', lr: '0.05', epochs: '3', augmentation: 'none' };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const at = (...parts: string[]) => join(folder, ...parts);
  const model = () => at('base', 'model.onnx');

  it('trains, and the model that it leaves carries all that eval needs', async () => {
    const trained = await run(trainModel, ['espalier-demo'], { ...shared, out: at('base') });
    const { top1 } = trained.after as { top1: number };
    expect(top1).toBeGreaterThan(0.6);
    const evaluated = await run(evaluateModel, [model()], { data: String(shared.data) });
    expect(Object.keys(evaluated)).toEqual(['top1', 'top5', 'loss', 'images']);
    expect(evaluated).toMatchObject({ images: 96, top5: 1 });
    expect(evaluated.top1).toBeCloseTo(top1, 6);
  });

  it('ends as if never stopped when it is interrupted and resumed', async () => {
    const stopping = interruptedAt('epoch 2/3');
    const stopped = run(trainModel, ['espalier-demo'], { ...shared, out: at('stopped') }, stopping);
    await expect(stopped).rejects.toThrow(`interrupted: continue with --resume ${at('stopped')}`);
    expect(existsSync(at('stopped', 'model.onnx'))).toBe(false);
    await run(trainModel, [], { resume: at('stopped') });
    const bytes = (name: string) => readFileSync(at(name, 'model.onnx'));
    expect(bytes('stopped').equals(bytes('base'))).toBe(true);
  });

  it('learns shapes, and records what the report shows of them', async () => {
    const out = at('shapes');
    const raw = {
      ...shared,
      epochs: '1',
      sr: '0',
      pace: 'threshold',
      benchSeconds: '0.2',
      compile: true,
      out,
    };
    const { before, after, compiled } = await run(swp, [model()], raw);
    const record = readRunRecord(out);
    expect(record.shapes.map(({ layer, filters }) => [layer, filters])).toEqual([
      ['conv1', 16],
      ['conv2', 32],
      ['conv3', 32],
      ['conv4', 48],
      ['conv5', 64],
      ['conv6', 96],
    ]);
    expect(record.result).toMatchObject({ before, after });
    expect(after).toMatchObject({ macs: (before as { macs: number }).macs });
    expect(compiled).toMatchObject({ out: join(out, 'compiled'), error: expect.any(Number) });
    expect(existsSync(join(out, 'compiled', 'model.js'))).toBe(true);
    expect(record.compilation?.steps.map(({ name }) => name)).toContain('conv6');
    const report = readFileSync(join(out, 'report.html'), 'utf8');
    for (const part of ['The shapes that were learned', '>Kernels<']) expect(report).toContain(part);
  });

  it('prunes to a target, writes fewer MACs, and leaves what can be trained on', async () => {
    const out = at('half');
    const raw = { ...shared, macs: '0.5', sr: '1e-3', form: 'stripe', benchSeconds: '0.2', out };
    const { before, error } = await run(swp, [model()], raw);
    expect(error).toBeLessThan(1e-4);
    const { macs } = await run(inspect, [join(out, 'model.onnx')], {});
    const { macs: original } = before as { macs: number };
    expect(Number(macs) / original).toBeLessThan(0.51);
    const top1 = async (name: string) =>
      (await run(evaluateModel, [join(out, name)], { data: String(shared.data) })).top1;
    const dense = Number(await top1('model-dense.onnx'));
    for (const name of ['model.onnx', 'model-fastest.onnx']) expect(await top1(name)).toBeCloseTo(dense, 6);
  });

  it('loses no more than the steps since the last checkpoint to kill -9', async () => {
    const out = at('killed');
    const flags = Object.entries({ ...shared, checkpointSeconds: '0.001', out }).flatMap(([key, value]) => [
      `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ]);
    const { code } = await espalier(['train', 'espalier-demo', ...flags], {
      onMessage: (text, kill) => void (text.includes('epoch 1/3  loss') && kill('SIGKILL')),
    });
    expect(code).toBeNull();
    expect(existsSync(join(out, 'model.onnx'))).toBe(false);
    await run(trainModel, [], { resume: out });
    expect(readFileSync(join(out, 'model.onnx')).equals(readFileSync(model()))).toBe(true);
  });

  it('is folded without a change in accuracy', async () => {
    const out = at('folded.onnx');
    const folded = await run(foldCommand, [model()], { out });
    expect(folded).toMatchObject({ folded: 6, refusals: [] });
    const { layers } = await run(inspect, [out], {});
    expect((layers as { op: string }[]).map(({ op }) => op)).not.toContain('BatchNormalization');
    const [a, b] = await Promise.all(
      [model(), out].map((path) => run(evaluateModel, [path], { data: String(shared.data) })),
    );
    expect(b!.top1).toBe(a!.top1);
    expect(b!.loss).toBeCloseTo(Number(a!.loss), 4);
  });

  it('refuses a folder that holds a run', async () => {
    const again = run(trainModel, ['espalier-demo'], { ...shared, out: at('base') });
    await expect(again).rejects.toThrow('base: already contains a run');
  });

  it('is looked at as the design says', async () => {
    const facts = await run(inspect, [model()], {});
    expect(Object.keys(facts).slice(1, 6)).toEqual(['parameters', 'macs', 'bytes', 'layers', 'groups']);
    const [first, ...others] = facts.groups as { root: string; prunable: boolean }[];
    expect(first).toEqual({ root: 'conv1', channels: 16, members: ['conv1'], prunable: true });
    expect(others.at(-1)).toMatchObject({
      root: 'fc',
      members: ['fc'],
      prunable: false,
      reason: 'it is an output of the network',
    });
    expect(facts.bytes).toBe(readFileSync(model()).length);
    expect(facts.preprocessing).toMatchObject({ height: 16, width: 16 });
  });

  it('is measured beside another', async () => {
    const { models, ...conditions } = await run(bench, [model(), 'espalier-demo'], { seconds: '0.2' });
    expect(conditions).toMatchObject({ batch: 1, threads: 1 });
    expect((models as { path: string }[]).map(({ path }) => path)).toEqual([model(), 'espalier-demo']);
  });

  it('prints one JSON document and nothing else on stdout with --json', async () => {
    const { code, stdout, stderr } = await espalier([
      'eval',
      model(),
      '--data',
      String(shared.data),
      '--json',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ images: 96 });
  });
});
