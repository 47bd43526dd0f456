import { join } from 'node:path';
import { expect, it } from 'vitest';
import { evaluateModel } from '../../src/commands/eval.ts';
import { buildModel } from '../../src/models/index.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { headedNetwork, softmax } from '../support/headed-network.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { runCommand } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('evaluates in generated kernels as in onnxruntime', async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'images');
  await writeImageFolder(data, { count: 12, size: 32, classes: 10, seed: 1 });
  const file = join(folder, 'model.onnx');
  writeModelFile(buildModel('espalier-demo'), file);
  const evaluated = (executor: string) =>
    runCommand(
      evaluateModel,
      [file],
      [{ data, executor, batch: '5', mean: '0.5,0.5,0.5', std: '0.2,0.2,0.2' }],
    );
  const expected = await evaluated('onnxruntime');
  const found = await evaluated('webassembly');
  expect(found).toMatchObject({ top1: expected.top1, top5: expected.top5, images: 12 });
  expect(found.loss).toBeCloseTo(expected.loss as number, 4);
});

it('compares the outputs of two networks on images without labels', async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'images');
  await writeImageFolder(data, { count: 6, size: 8, classes: 2, seed: 1 });
  const [model, doubled] = ['model', 'doubled'].map((name) => join(folder, `${name}.onnx`)) as [
    string,
    string,
  ];
  const original = headedNetwork(1, softmax);
  writeModelFile(original, model);
  const weight = original.initializers.find(({ name }) => name === 'fc.weight')!;
  weight.tensor = { ...weight.tensor!, data: (weight.tensor!.data as Float32Array).map((x) => 2 * x) };
  writeModelFile(original, doubled);
  const beside = (teacher: string) =>
    runCommand(evaluateModel, [doubled], [{ data, teacher, batch: '4', mean: '0,0,0', std: '1,1,1' }]);
  // Twice the logits: an error of 100 %, and the same classes.
  const { error, agreements, images } = await beside(model);
  expect(error).toBeCloseTo(1, 5);
  expect([agreements, images]).toEqual([{ 'classes (fc)': 1 }, 6]);
  expect(await beside(doubled)).toMatchObject({ error: 0 });
});
