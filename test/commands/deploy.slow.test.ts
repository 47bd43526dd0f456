import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invocationOf } from '../../src/commands/command.ts';
import { deployCommand } from '../../src/commands/deploy/deploy.ts';
import { report } from '../../src/commands/report.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { runRecipe } from '../../src/recipes/run.ts';
import { openRunDirectory } from '../../src/training/run-directory.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { maskedNetwork } from '../support/masked-network.ts';
import { relativeError } from '../support/relative-error.ts';
import { runCommand, silent } from '../support/run-command.ts';
import { normals, outputOf } from '../support/run-graph.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-deploy-'));
const at = (...parts: string[]) => join(folder, ...parts);
const quick = { seconds: '0.05', cache: false };

beforeAll(() => writeModelFile(maskedNetwork({ channels: 3 }), at('masked.onnx')));
afterAll(() => rmSync(folder, { recursive: true }));

async function difference(file: string): Promise<number> {
  const input = normals([3, 3, 16, 16], 11);
  const network = maskedNetwork({ channels: 3 });
  return relativeError(await outputOf(readModelFile(file), input), await outputOf(network, input));
}

interface Layer {
  readonly name: string;
  readonly form: string;
  readonly forms: readonly { readonly form: string; readonly ms: number; readonly macs: number }[];
}

describe('deploy', () => {
  it('into a file writes what computes the same, and says what was tried', async () => {
    const out = at('fast.onnx');
    const found = await runCommand(deployCommand, [at('masked.onnx')], [{ ...quick, out }]);
    expect(found).toMatchObject({ out, model: out, target: 'node', threads: 1, int8: null });
    const layers = found.layers as Layer[];
    expect(layers.map(({ name }) => name)).toEqual(['conv1', 'conv2']);
    for (const { form, forms } of layers) expect(forms.map((one) => one.form)).toContain(form);
    expect(await difference(out)).toBeLessThan(1e-5);
  });

  it('takes a size where the model leaves its own open, and leaves it open', async () => {
    const network = maskedNetwork({ channels: 3 });
    network.inputs[0]!.shape = ['N', 3, 'H', 'W'];
    for (const value of network.nodes.flatMap(({ outputs }) => outputs)) value!.shape = null;
    writeModelFile(network, at('open.onnx'));
    const out = at('open');
    await expect(
      runCommand(deployCommand, [at('open.onnx')], [{ ...quick, out: at('x.onnx') }]),
    ).rejects.toThrow('is free: expected --size N');
    await runCommand(deployCommand, [at('open.onnx')], [{ ...quick, size: '16', out }]);
    const shipped = readModelFile(join(out, 'model.onnx'));
    expect(shipped.inputs[0]!.shape).toEqual(['N', 3, 'H', 'W']);
    const input = normals([2, 3, 20, 24], 7);
    expect(relativeError(await outputOf(shipped, input), await outputOf(network, input))).toBeLessThan(1e-5);
  });

  it('into a folder records the run, which is reported on, and done again', async () => {
    const out = at('run');
    const found = await runCommand(deployCommand, [at('masked.onnx')], [{ ...quick, out }]);
    expect(found.model).toBe(join(out, 'model.onnx'));
    expect(await difference(join(out, 'model.onnx'))).toBeLessThan(1e-5);
    const events = openRunDirectory(out).readEvents();
    const { layers, macs, latency, quotient } = found;
    expect(events.find(({ type }) => type === 'deployment')).toMatchObject({
      layers,
      macs,
      latency,
      quotient,
    });
    const costs = events.find(({ type }) => type === 'layers') as unknown as Record<
      string,
      { name: string }[]
    >;
    const names = costs.before!.map(({ name }) => name).filter((name) => !name.endsWith('.bn'));
    expect(costs.after!.map(({ name }) => name)).toEqual(names);
    await runCommand(report, [out], [{ out: at('page.html') }]);
    const page = readFileSync(at('page.html')).toString();
    expect(page).toBe(readFileSync(join(out, 'report.html')).toString());
    expect(page).toContain('<h2>Forms</h2>');
    expect(page).toMatch(
      new RegExp(`espalier deploy ${at('masked.onnx')} --out ${out} --seconds 0.05 --no-cache`),
    );

    await expect(runCommand(deployCommand, [at('masked.onnx')], [{ ...quick, out }])).rejects.toThrow(
      'already contains a run',
    );
    rmSync(join(out, 'model.onnx'));
    await runCommand(deployCommand, [], [{ resume: out }]);
    expect(existsSync(join(out, 'model.onnx'))).toBe(true);
  });

  it('in 8 bits reports accuracy and latency of both', async () => {
    await writeImageFolder(at('images'), { count: 24, size: 16, classes: 4, seed: 1 });
    const colours = { mean: '0,0,0', std: '1,1,1' };
    const integers = { int8: true, data: at('images'), limit: '8', calibration: 'percentile:99.9' };
    const out = at('int8');
    await runCommand(deployCommand, [at('masked.onnx')], [{ ...quick, ...colours, ...integers, out }]);
    const page = readFileSync(join(out, 'report.html')).toString();
    expect(page).toMatch(
      /3 layers; top-1 [\d.]+ % → [\d.]+ %; \w+: same class for [\d.]+ % of 8 images, error [\d.]+ %/,
    );
    expect(page).toContain('Accuracy (top-1)');
    expect(page).not.toContain('Latency (shortest sample)');
    expect(page).toContain('--int8 --calibration percentile:99.9');
    expect(readModelFile(join(out, 'model.onnx')).nodes.map(({ op }) => op)).toContain('QuantizeLinear');
  });

  it('is a step of recipes, which goes on after an interruption', async () => {
    const steps = [
      { do: 'deploy', model: '$in', options: { seconds: 0.05, cache: false } },
      { do: 'inspect', model: '$deploy/model.onnx' },
    ];
    writeFileSync(at('ship.json'), JSON.stringify({ name: 'ship', out: at('ship'), steps }));
    const control = new AbortController();
    const stopping = {
      ...silent,
      signal: control.signal,
      note: (line: string) => line.startsWith('conv1: ') && control.abort(),
    };
    const words = [at('ship.json'), at('masked.onnx')];
    await expect(runCommand(runRecipe, words, [{}, stopping])).rejects.toThrow('interrupted: continue with');
    expect(existsSync(at('ship', '01-deploy', 'model.onnx'))).toBe(false);
    const { steps: done } = await runCommand(runRecipe, [], [{ resume: at('ship') }]);
    const [deployed, inspected] = done as { data: { macs: unknown } }[];
    expect(inspected!.data.macs).toBe((deployed!.data.macs as { after: number }).after);
    expect(await difference(at('ship', '01-deploy', 'model.onnx'))).toBeLessThan(1e-5);
    expect(readFileSync(at('ship', 'report.html')).toString()).toContain('href="01-deploy/report.html"');
  });

  it('plans: says what each layer would be tried in, and writes nothing', async () => {
    const out = at('planned');
    const words = [at('masked.onnx')];
    const found = await runCommand(deployCommand, words, [{ plan: true, out, cache: false }]);
    expect(existsSync(out)).toBe(false);
    const layers = found.layers as {
      name: string;
      forms: (Layer['forms'][number] & { expectedMs: number })[];
    }[];
    expect(layers.map(({ name }) => name)).toEqual(['conv1', 'conv2']);
    for (const { forms } of layers) {
      expect(forms[0]!.form).toBe('dense');
      for (const { expectedMs } of forms.slice(1))
        expect(expectedMs).toBeLessThan(1.05 * forms[0]!.expectedMs);
    }
    // 45 and 64 filters, on 16×16 and 8×8, in whole.
    expect(layers.map(({ forms }) => forms[0]!.macs)).toEqual([45 * 27 * 256, 64 * 45 * 9 * 64]);
    expect(layers[1]!.forms.length).toBeGreaterThan(1);
    const { text } = await deployCommand.run(invocationOf(deployCommand, words, { plan: true }), silent);
    expect(text).toMatch(/^conv2 +dense +[\d.]+ ms +1\.00×/m);
    expect(text).toMatch(/nothing was measured or written$/);
  });

  it('refuses to go without a place', async () => {
    await expect(runCommand(deployCommand, [at('masked.onnx')], [quick])).rejects.toThrow(
      'missing --out <path>',
    );
  });
});
