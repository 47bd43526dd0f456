import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Context, invocationOf } from '../../src/commands/command.ts';
import { evaluateModel } from '../../src/commands/eval.ts';
import { report } from '../../src/commands/report.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { runRecipe } from '../../src/recipes/run.ts';
import { openRunDirectory } from '../../src/training/run-directory.ts';
import { espalier } from '../support/command-line.ts';
import { writeImageFolder } from '../support/image-folder.ts';

const bar = { advance() {}, to() {}, done() {} };
const silent: Context = { signal: new AbortController().signal, progress: () => bar, note() {}, warn() {} };

interface Result {
  readonly steps: readonly { readonly name: string; readonly line: string; readonly data: object }[];
}

describe('a run of a recipe', () => {
  let folder = '';
  const at = (...parts: string[]) => join(folder, ...parts);
  const training = () => ({
    ...{ data: at('images'), size: 16, batch: 16, threads: 1, lr: 0.05, epochs: 4 },
    ...{ augmentation: 'none', executor: 'onnxruntime' },
  });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'espalier-recipe-'));
    await writeImageFolder(at('images'), { count: 48, size: 16, classes: 3, seed: 1 });
    const steps = [
      { do: 'train', model: '$in', options: training() },
      { do: 'fold', model: '$train/model.onnx' },
      { do: 'eval', model: '$fold/model.onnx', options: { data: at('images') } },
    ];
    writeFileSync(at('mine.json'), JSON.stringify({ name: 'mine', out: at('run'), steps }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = async (
    args: string[],
    raw: Record<string, string | readonly string[]> = {},
    context = silent,
  ) => {
    const { data, text } = await runRecipe.run(invocationOf(runRecipe, args, raw), context);
    return { result: data as Result, text };
  };
  const events = () => openRunDirectory(at('run')).readEvents();

  it('ends with 130 at Ctrl-C and says how to go on', async () => {
    let interrupted = false;
    const { code, stderr } = await espalier(['run', at('mine.json'), 'espalier-demo'], {
      onMessage(text, interrupt) {
        if (interrupted || !text.includes('epoch 1/4  loss')) return;
        interrupted = true;
        interrupt();
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain(`interrupted: continue with espalier run --resume ${at('run')}`);
    expect(events().map(({ type }) => type)).toEqual(['start', 'stop']);
  });

  it('goes on within the step that was stopped, and ends as its commands do one by one', async () => {
    const { result, text } = await run([], { resume: at('run') });
    expect(result.steps.map(({ name }) => name)).toEqual(['train', 'fold', 'eval']);
    const epochs = openRunDirectory(at('run', '01-train'))
      .readEvents()
      .filter(({ type }) => type === 'epoch');
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);

    const raw = Object.fromEntries(Object.entries(training()).map(([key, value]) => [key, String(value)]));
    await trainModel.run(invocationOf(trainModel, ['espalier-demo'], { ...raw, out: at('alone') }), silent);
    const bytes = (name: string) => readFileSync(at(name, 'model.onnx'));
    expect(bytes('run/01-train').equals(bytes('alone'))).toBe(true);
    const { data } = await evaluateModel.run(
      invocationOf(evaluateModel, [at('run', '02-fold', 'model.onnx')], { data: at('images') }),
      silent,
    );
    expect(result.steps[2]!.data).toEqual(data);
    expect(text).toMatch(/^train \(.*\n {2}.*top-1/);
  });

  it('runs nothing again that is finished', async () => {
    const before = events();
    const { result } = await run([at('mine.json'), 'espalier-demo'], { out: at('run') });
    expect(result.steps).toHaveLength(3);
    expect(result.steps[2]!.data).toMatchObject({ images: 48 });
    expect(events()).toEqual(before);
  });

  it.each([
    [['espalier-demo'], { set: ['epochs=5'] }, 'epochs of step train was 4, now it is "5"'],
    [['espalier-demo'], { set: ['eval.limit=5'] }, 'limit of step eval was nothing, now it is "5"'],
    [['resnet20'], {}, 'the model was "espalier-demo", now it is "resnet20"'],
  ])('refuses to go on as another run: %j %j', async (args, raw, message) => {
    await expect(run([at('mine.json'), ...args], raw)).rejects.toThrow(
      `${at('run')}: cannot resume: ${message}`,
    );
  });

  it('is not a run of another command', async () => {
    await expect(run([], { resume: at('run', '01-train') })).rejects.toThrow('contains a run of train');
  });

  it('says which step failed, and keeps those that did not', async () => {
    const steps = [
      { do: 'inspect', model: 'resnet20' },
      { do: 'eval', model: at('no.onnx'), options: { data: at('images') } },
    ];
    writeFileSync(at('failing.json'), JSON.stringify({ name: 'failing', steps }));
    await expect(run([at('failing.json')], { out: at('failing') })).rejects.toThrow(/^step eval: .*no\.onnx/);
    const kinds = openRunDirectory(at('failing'))
      .readEvents()
      .map(({ type, name }) => `${type} ${name}`);
    expect(kinds).toEqual(['start inspect', 'finish inspect', 'start eval', 'stop eval']);
  });

  it('has a page that lists what the steps came to, and links to their reports', async () => {
    const { data } = await report.run(invocationOf(report, [at('run')], { out: at('page.html') }), silent);
    const page = readFileSync((data as { path: string }).path, 'utf8');
    for (const part of ['<h2>train</h2>', '<h2>fold</h2>', 'href="01-train/report.html"', 'folded 6 norm']) {
      expect(page).toContain(part);
    }
    expect(page).not.toContain('02-fold/report.html');
    expect(page).not.toMatch(/NaN|undefined/);
    expect(readFileSync(at('failing', 'report.html'), 'utf8')).toContain('<h2>inspect</h2>');
  });

  it('needs a place', async () => {
    await expect(run([at('failing.json')])).rejects.toThrow('missing --out <dir>');
    await expect(run([])).rejects.toThrow('missing <recipe>');
  });

  it('prints the command lines with --dry-run, and nothing is written', async () => {
    const set = ['--set', 'epochs=1', '--set', 'lr=0.1'];
    const words = ['run', at('mine.json'), 'resnet20', '--out', at('dry'), '--dry-run', ...set];
    const { code, stdout } = await espalier(words);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(
      /^espalier train resnet20 .* --lr 0\.1 --epochs 1 .*dry\/01-train$/,
    );
    expect(() => openRunDirectory(at('dry'))).toThrow('contains no run');
  });
});
