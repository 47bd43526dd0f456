import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Context, invocationOf } from '../../src/commands/command.ts';
import { namingFlags } from '../../src/commands/flag-names.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { swp } from '../../src/commands/swp/swp.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { buildModel } from '../../src/models/index.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { runRecipe } from '../../src/recipes/run.ts';
import { readRunRecord, renderReport } from '../../src/report/index.ts';
import { foldBatchNormalization } from '../../src/rewrite/index.ts';
import { openRunDirectory } from '../../src/training/run-directory.ts';
import { boxes, detector, headedNetwork } from '../support/headed-network.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const bar = { advance() {}, to() {}, done() {} };

/** Twenty images in a folder, as many in a folder in it, of no class. */
async function unlabelledImages(folder: string): Promise<string> {
  const [labelled, nested] = [join(folder, 'labelled'), join(folder, 'photos')];
  await writeImageFolder(labelled, { count: 20, size: 8, classes: 1, seed: 1 });
  mkdirSync(join(nested, 'more'), { recursive: true });
  for (const [split, to] of [
    ['train', nested],
    ['val', join(nested, 'more')],
  ] as const) {
    const from = join(labelled, split, 'class0');
    for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
  }
  return nested;
}

it('train --teacher recovers a detector on images without labels, and says by which losses', async () => {
  const folder = temporaryFolder();
  const [student, teacher] = [1, 2].map((seed) => {
    const path = join(folder, `${seed}.onnx`);
    writeModelFile(headedNetwork(seed, detector), path);
    return path;
  }) as [string, string];
  const notes: string[] = [];
  const note = (line: string) => void notes.push(line);
  const context: Context = { signal: new AbortController().signal, progress: () => bar, note, warn() {} };
  const raw = {
    ...{
      data: await unlabelledImages(folder),
      mean: '0.5,0.5,0.5',
      std: '0.25,0.25,0.25',
      out: join(folder, 'run'),
    },
    ...{
      batch: '12',
      epochs: '60',
      optimizer: 'adamw',
      lr: '0.02',
      schedule: 'cosine',
      augmentation: 'none',
    },
    ...{ executor: 'onnxruntime', threads: '1', evalEvery: '60', weightDecay: '0' },
    ...{ teacher, loss: 'box=mse:2', temperature: '3' },
  };
  const result = await trainModel.run(invocationOf(trainModel, [student], raw), context);
  expect(notes).toContain("box: squared error by the teacher's variance, weight 2");
  expect(notes.join()).toContain('KL divergence of probabilities at temperature 3');
  const { before, after } = result.data as Record<'before' | 'after', { outputError: number }>;
  expect(after.outputError).toBeLessThan(before.outputError / 3);
  expect(result.text).toContain('output error');
  const epochs = openRunDirectory(raw.out)
    .readEvents()
    .filter(({ type }) => type === 'epoch');
  expect(epochs.at(-1)).toMatchObject({ outputError: after.outputError });
  expect(epochs.at(-1)).not.toHaveProperty('trainAccuracy');
  expect(Object.keys((after as { outputErrors?: object }).outputErrors!)).toContain('box');
  expect(await renderReport(readRunRecord(raw.out))).toContain("Outputs beside the teacher's");
});

it('a built-in network with a teacher takes images without classes, and has as many classes as its teacher', async () => {
  const folder = temporaryFolder();
  const teacher = join(folder, 'teacher.onnx');
  writeModelFile(buildModel('espalier-demo', { classes: 3 }), teacher);
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const train = async (data: string) => {
    const raw = {
      ...{ data, teacher, out: join(folder, 'run') },
      ...{ epochs: '1', batch: '4', threads: '1' },
    };
    return trainModel.run(invocationOf(trainModel, ['espalier-demo'], raw), context);
  };
  await expect(train(empty)).rejects.toThrow('expected .jpg, .png, .webp … files in it or in its folders');
  const { data } = await train(await unlabelledImages(folder));
  const [logits] = readModelFile((data as { model: string }).model).outputs;
  expect(logits?.shape?.[1]).toBe(3);
});

const context: Context = {
  signal: new AbortController().signal,
  progress: () => bar,
  note() {},
  warn() {},
};

const settings = (folder: string, data: string) => ({
  ...{ data, mean: '0.5,0.5,0.5', std: '0.25,0.25,0.25', out: join(folder, 'run') },
  ...{ benchSeconds: '0.1', executor: 'onnxruntime', threads: '1' },
  ...{ batch: '12', optimizer: 'adamw', lr: '0.02', augmentation: 'none' },
});

it('prune --distill recovers a cut network step by step, and records what each step brought', async () => {
  const folder = temporaryFolder();
  const model = join(folder, 'model.onnx');
  writeModelFile(headedNetwork(1, detector), model);
  const raw = {
    ...settings(folder, await unlabelledImages(folder)),
    ...{ ratio: '0.5', round: '1', epochs: '40', evalEvery: '40', pace: 'linear' },
  };
  await pruneCommand.run(invocationOf(pruneCommand, [model], { ...raw, distill: true }), context);
  const [step] = readRunRecord(raw.out).pruning.steps;
  expect(step!.stages.map(({ stage }) => stage)).toEqual(['cut', 'recalibrate', 'reconstruct', 'distilled']);
  const errors = step!.stages.map(({ outputErrors }) => outputErrors.box!);
  expect(errors[3]!).toBeLessThan(errors[0]! / 2);
  const page = await renderReport(readRunRecord(raw.out));
  for (const title of ['after the cut', 'statistics recalibrated', 'weights reconstructed', 'distilled'])
    expect(page).toContain(title);
});

it('BatchNormalization that is inserted for distillation is folded again', async () => {
  const folder = temporaryFolder();
  const model = join(folder, 'model.onnx');
  const { graph } = foldBatchNormalization(headedNetwork(1, boxes));
  writeModelFile(graph, model);
  const raw = {
    ...settings(folder, await unlabelledImages(folder)),
    ...{ ratio: '0.5', round: '1', epochs: '20', evalEvery: '20', distill: true, insertBatchnorm: true },
  };
  await pruneCommand.run(invocationOf(pruneCommand, [model], raw), context);
  const written = readModelFile(join(raw.out, 'model.onnx'));
  expect(written.nodes.map(({ op }) => op)).not.toContain('BatchNormalization');
  const trained = { ...raw, out: join(folder, 'trained'), teacher: model, epochs: '2', evalEvery: '2' };
  const { text } = await trainModel.run(
    invocationOf(trainModel, [join(raw.out, 'model.onnx')], trained),
    context,
  );
  expect(text).toContain('output error');
  const again = readModelFile(join(trained.out, 'model.onnx'));
  expect(again.nodes.map(({ op }) => op)).toEqual(written.nodes.map(({ op }) => op));
});

it('swp --teacher learns shapes from the outputs of a teacher, as a step of a recipe does', async () => {
  const folder = temporaryFolder();
  const [model, teacher] = [1, 2].map((seed) => {
    const path = join(folder, `${seed}.onnx`);
    writeModelFile(headedNetwork(seed, boxes), path);
    return path;
  }) as [string, string];
  const { out, ...common } = settings(folder, await unlabelledImages(folder));
  const raw = { ...common, epochs: '3', macs: '0.8', teacher };
  const { text } = await swp.run(invocationOf(swp, [model], { ...raw, out }), context);
  expect(text).toMatch(/outputs {2}error \d/);
  const steps = [
    { do: 'prune', model: '$in', options: { ...common, epochs: 1, ratio: 0.5, round: 1, distill: true } },
    { do: 'swp', model: '$prune/model.onnx', options: { ...raw, epochs: 1, teacher: '$in' } },
  ];
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify({ name: 'small', out: join(folder, 'steps'), steps }));
  const { data } = await runRecipe.run(invocationOf(runRecipe, [recipe, model], {}), context);
  expect(JSON.stringify(data)).toContain('outputError');
});

it('flags that need a teacher, and those that go without one, are refused', async () => {
  const check = (raw: Record<string, string>) =>
    namingFlags(trainModel.options, async () =>
      trainModel.check!(
        invocationOf(trainModel, ['model.onnx'], { data: 'photos', epochs: '1', out: 'run', ...raw }),
      ),
    );
  await expect(check({ temperature: '3' })).rejects.toThrow('--temperature needs --teacher');
  await expect(check({ loss: 'box=mse' })).rejects.toThrow('--loss needs --teacher');
  await expect(check({ labelWeight: '0.5' })).rejects.toThrow('--label-weight needs --teacher');
  await expect(check({ teacher: 't.onnx', replicas: '2' })).rejects.toThrow(
    '--teacher and --replicas cannot be combined',
  );
  await expect(async () => check({ loss: 'box' })).rejects.toThrow('expected OUTPUT=kl or OUTPUT=mse');
});
