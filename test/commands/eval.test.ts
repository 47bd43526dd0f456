import { join } from 'node:path';
import { expect, it } from 'vitest';
import { evaluateModel } from '../../src/commands/eval.ts';
import { buildModel } from '../../src/models/index.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
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
