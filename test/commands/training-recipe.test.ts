import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Invocation, invocationOf } from '../../src/commands/command.ts';
import { swp } from '../../src/commands/swp/swp.ts';
import type { TrainingFlags } from '../../src/commands/training/flags.ts';
import { planRun, trainingNeeds } from '../../src/commands/training/recipe.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { commandLine } from '../../src/report/command-line.ts';
import { createRunDirectory } from '../../src/training/run-directory.ts';

/** What the command line makes of some typed flags. */
const typed = (args: string[], raw: Record<string, string | boolean>) =>
  invocationOf(trainModel, args, raw) as unknown as Invocation<TrainingFlags>;

const plan = (command: string, invocation: Invocation<TrainingFlags>) =>
  planRun(command, invocation, trainingNeeds);

describe('planning a run', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-plan-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const first = (out: string) => typed(['resnet20'], { data: 'cifar10', epochs: '3', lr: '0.05', out });

  it('names what is missing', async () => {
    await expect(plan('train', typed([], { epochs: '3' }))).rejects.toThrow('missing <model>');
    await expect(plan('train', typed(['vgg16'], { epochs: '3', out: 'x' }))).rejects.toThrow(
      'missing --data',
    );
  });

  it('resumes with the options that the run began with', async () => {
    const out = join(folder, 'run');
    const planned = await plan('train', first(out));
    createRunDirectory(out, planned.recipe);
    const resumed = await plan('train', typed([], { resume: out, checkpointSeconds: '5' }));
    expect(resumed.settings).toMatchObject({ model: 'resnet20', data: 'cifar10', epochs: 3, lr: 0.05, out });
    expect(resumed.settings.checkpointSeconds).toBe(5);
    expect(resumed.existing?.path).toBe(out);
  });

  it('refuses to resume with another option, model or command', async () => {
    const out = join(folder, 'other');
    createRunDirectory(out, (await plan('train', first(out))).recipe);
    const again = (args: string[], raw: object) => plan('train', typed(args, { resume: out, ...raw }));
    await expect(again([], { lr: '0.1' })).rejects.toThrow('cannot resume: lr was 0.05, now it is 0.1');
    await expect(again(['vgg16'], {})).rejects.toThrow('model was "resnet20", now it is "vgg16"');
    await expect(plan('swp', typed([], { resume: out }))).rejects.toThrow('contains a run of train');
  });

  it('keeps a recipe that spells the command line it came from', async () => {
    const { recipe, settings } = await plan(
      'train',
      typed(['my models/a.onnx'], {
        ...{
          data: 'cifar10',
          epochs: '2',
          out: 'o',
          nesterov: true,
          noWeightDecayOn: 'bn,bias',
          mean: '0,0,0',
        },
      }),
    );
    const line = commandLine(recipe);
    expect(line).toMatch(/^espalier train 'my models\/a\.onnx' --data cifar10 --epochs 2 --out o /);
    for (const part of [
      ' --nesterov ',
      ' --no-weight-decay-on bn,bias ',
      ' --mean 0,0,0 ',
      ' --milestones 0.5,0.75 ',
    ]) {
      expect(line).toContain(part);
    }
    expect(line).not.toMatch(/checkpoint-seconds|decoupled|undefined/);
    expect(settings.noWeightDecayOn).toEqual(['bn', 'bias']);
  });

  it('names --no-shrink in the recipe only where it was typed', async () => {
    const needed = { data: 'cifar10', epochs: '2', out: 'o' };
    const lineOf = async (raw: Record<string, string | boolean>) => {
      const invocation = invocationOf(swp, ['a.onnx'], { ...needed, ...raw });
      return commandLine((await plan('swp', invocation as unknown as Invocation<TrainingFlags>)).recipe);
    };
    expect(await lineOf({ noShrink: false })).toContain(' --no-shrink');
    expect(await lineOf({})).not.toContain('shrink');
  });
});
