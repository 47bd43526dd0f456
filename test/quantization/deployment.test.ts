import { describe, expect, it } from 'vitest';
import { quantizeModel } from '../../src/commands/deploy/quantize.ts';
import {
  checkQuantizeFlags,
  type QuantizeSettings,
  quantizeFlags,
} from '../../src/commands/deploy/quantize-flags.ts';
import { networkForms } from '../../src/rewrite/index.ts';
import { defaultExecutor } from '../../src/runtime/default-executor.ts';
import { writeImageFolder } from '../support/image-folder.ts';
import { silent } from '../support/run-command.ts';
import { residualNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const settingsOf = (typed: Readonly<Record<string, string | boolean>>): QuantizeSettings =>
  Object.fromEntries(
    Object.entries(quantizeFlags).map(([key, flag]) => [key, flag.read(typed[key])]),
  ) as unknown as QuantizeSettings;

async function deployed(typed: Readonly<Record<string, string | boolean>>) {
  const data = temporaryFolder();
  await writeImageFolder(data, { count: 24, size: 8, classes: 4, seed: 1 });
  const settings = settingsOf({ int8: true, data, mean: '0,0,0', std: '1,1,1', size: '8', ...typed });
  const forms = await networkForms(residualNetwork(), defaultExecutor);
  const model = { ...forms, name: 'residual.onnx', zooPreprocessing: null };
  return quantizeModel({ model, settings, seconds: 0.2, threads: 1 }, silent);
}

describe('deploy --int8', () => {
  it('compares float and 8 bits on test images and by the clock', async () => {
    const { int8, lines } = await deployed({ limit: '20', calibration: 'percentile:99.99' });
    const found = int8;
    expect(found.calibrationImages).toBe(20);
    expect(found.accuracy!.float.images).toBe(24);
    expect(Math.abs(found.accuracy!.int8.loss - found.accuracy!.float.loss)).toBeLessThan(0.1);
    expect(found.agreement.sqnrDb).toBeGreaterThan(20);
    expect(found.latency.models).toHaveLength(2);
    const text = lines.join('\n');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(text).toMatch(/^int8 +4 layers, calibrated on 20 images$/m);
    expect(text).toMatch(/^top-1 +[\d.]+ % → [\d.]+ %$/m);
  });

  it('spares a bit, and layers, where asked', async () => {
    const { int8 } = await deployed({ limit: '8', floatLayers: 'stem,fc', reduceRange: true });
    expect(int8.layers.map(({ name, bits }) => [name, bits])).toEqual([
      ['block.conv1', 7],
      ['block.conv2', 7],
    ]);
  });
});

describe('flags', () => {
  it.each([
    [{ int8: true }, '--int8 needs calibration images: expected --data'],
    [{ floatLayers: 'fc' }, '--float-layers requires --int8'],
    [{ calibration: 'minmax' }, '--calibration requires --int8'],
  ])('of %o are refused', (typed: Readonly<Record<string, string | boolean>>, message) => {
    const check = () => checkQuantizeFlags(settingsOf(typed), new Set(Object.keys(typed)));
    expect(check).toThrow(message);
  });

  it.each(['percentile:50', 'percentile:101', 'percentile', 'entropy'])('--calibration %s', (calibration) => {
    expect(() => settingsOf({ calibration })).toThrow('expected minmax, or percentile:P with P above 50');
  });

  it('say nothing where nothing was asked for', () => {
    expect(() => checkQuantizeFlags(settingsOf({}), new Set(['seed', 'size', 'mean']))).not.toThrow();
  });
});
