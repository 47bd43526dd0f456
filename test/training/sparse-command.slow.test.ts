import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Context, invocationOf } from '../../src/commands/command.ts';
import { trainModel } from '../../src/commands/training/train.ts';
import { openRunDirectory } from '../../src/training/run-directory.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const bar = { advance() {}, to() {}, done() {} };
const silent: Context = { signal: new AbortController().signal, progress: () => bar, note() {}, warn() {} };

describe('train --sparse', () => {
  it('is recorded, told epoch by epoch, and gone on with after an interruption', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'images');
    await writeImageFolder(data, { count: 48, size: 16, classes: 3, seed: 1 });
    const raw = {
      ...{ data, size: '16', batch: '16', threads: '1', lr: '0.05', epochs: '2', augmentation: 'none' },
      ...{ executor: 'onnxruntime', sparse: 'bn-scale:1e-1,group-lasso:1e-3' },
    };
    const run = (out: string, more: object, context = silent) =>
      trainModel.run(invocationOf(trainModel, ['espalier-demo'], { ...raw, ...more, out }), context);
    const bytes = (out: string) => readFileSync(join(out, 'model.onnx'));
    const [whole, stopped] = [join(folder, 'whole'), join(folder, 'stopped')];
    await run(whole, {});
    const { recipe, readEvents } = openRunDirectory(whole);
    expect(recipe.options.sparse).toEqual(['bn-scale:1e-1', 'group-lasso:1e-3']);
    expect(readEvents().filter(({ type }) => type === 'epoch')).toMatchObject([
      { smallScales: expect.any(Number) },
      { smallScales: expect.any(Number) },
    ]);

    const stopping = new AbortController();
    const context: Context = {
      ...silent,
      signal: stopping.signal,
      progress: (label) => ({ ...bar, to: () => label === 'epoch 2/2' && stopping.abort() }),
    };
    await expect(run(stopped, {}, context)).rejects.toThrow('interrupted');
    await trainModel.run(invocationOf(trainModel, [], { resume: stopped }), silent);
    expect(bytes(stopped).equals(bytes(whole))).toBe(true);
  });

  it.each([
    ['bn-scale', '--sparse: expected bn-scale:λ or group-lasso:λ, such as bn-scale:1e-4, found "bn-scale"'],
    ['l1:0.1', '--sparse: expected bn-scale:λ'],
    ['bn-scale:-1', '--sparse: expected bn-scale:λ'],
  ])('refuses %s', (sparse, message) => {
    expect(() => invocationOf(trainModel, ['vgg16'], { sparse })).toThrow(message);
  });
});
