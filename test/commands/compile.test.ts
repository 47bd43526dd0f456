import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { invocationOf } from '../../src/commands/command.ts';
import { compileCommand } from '../../src/commands/compile/compile.ts';
import { pruneCommand } from '../../src/commands/prune/prune.ts';
import { parseGraph, withElementType, writeModelFile } from '../../src/index.ts';
import { runCommand } from '../support/run-command.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A model file, and where it is to be compiled to. */
function files(network = plainNetwork()): { readonly model: string; readonly out: string } {
  const folder = temporaryFolder();
  const model = join(folder, 'model.onnx');
  writeModelFile(network, model);
  return { model, out: join(folder, 'compiled') };
}

it('compiles a file, and prints what it writes as report.json', async () => {
  const { model, out } = files();
  const { out: told, ...found } = await runCommand(compileCommand, [model], [{ out, seconds: '0' }]);
  expect(told).toBe(out);
  expect(found).toMatchObject({ inputs: [{ name: 'input', shape: [1, 3, 8, 8] }], measured: null });
  expect(found).toEqual(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')));
});

it('takes float16 weights, several images, and measures', async () => {
  const { model, out } = files();
  const raw = { out, weights: 'float16', batch: '2', seconds: '0.01' };
  const found = await runCommand(compileCommand, [model], [raw]);
  expect(found).toMatchObject({ inputs: [{ shape: [2, 3, 8, 8] }], weights: { type: 'float16' } });
  expect(found.measured).toMatchObject({ ms: expect.any(Number) });
});

it('chooses tiles by timing them, and keeps the times', async () => {
  const cache = temporaryFolder();
  vi.stubEnv('ESPALIER_CACHE', cache);
  try {
    const { model, out } = files();
    const found = await runCommand(compileCommand, [model], [{ out, tune: 'node', seconds: '0' }]);
    expect(found).toMatchObject({ verification: { error: expect.any(Number) } });
    expect(existsSync(join(cache, 'espalier/timings/timings.json'))).toBe(true);
  } finally {
    vi.unstubAllEnvs();
  }
});

it('converts a network of float16', async () => {
  const { model, out } = files(withElementType(plainNetwork(), 'float16'));
  const found = await runCommand(compileCommand, [model], [{ out, seconds: '0' }]);
  expect(found).toMatchObject({ verification: { error: expect.any(Number) } });
});

it('asks for --size where the model leaves its size free, and writes nothing', async () => {
  const { model, out } = files(
    parseGraph(
      `<opset = 18> sizes(float32[N, 3, H, W] image) => (float32[N, 3, H, W] y) { y = Relu(image) }`,
    ),
  );
  await expect(runCommand(compileCommand, [model], [{ out }])).rejects.toThrow(/expected --size N/);
  expect(existsSync(out)).toBe(false);
  await runCommand(compileCommand, [model], [{ out, size: '6', seconds: '0' }]);
  expect(existsSync(join(out, 'model.js'))).toBe(true);
});

it('refuses a folder of other files before it compiles', async () => {
  const { model } = files();
  const folder = join(model, '..');
  await expect(runCommand(compileCommand, [model], [{ out: folder }])).rejects.toMatchObject({
    code: 'usage',
    where: folder,
  });
});

it('is no end of a prune that writes a file', async () => {
  const raw = { granularity: 'stripe', ratio: '0.5', compile: true, out: 'masked.onnx' };
  const asked = invocationOf(pruneCommand, ['model.onnx'], raw);
  await expect(pruneCommand.check?.(asked)).rejects.toThrow('--compile needs a folder for --out');
});
