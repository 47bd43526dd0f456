import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withRandomShapes } from '../../bench/compile/random-shapes.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { hasChromium } from '../support/chromium.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const script = fileURLToPath(new URL('../../bench/compile.ts', import.meta.url));

const bench = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', script, ...args], { encoding: 'utf8' });

describe('bench:compile', () => {
  it.skipIf(!hasChromium)('measures a file with shaped filters (needs Chromium)', () => {
    const file = join(temporaryFolder(), 'shaped.onnx');
    writeModelFile(withRandomShapes(plainNetwork(), { macs: 0.5, seed: 1 }), file);
    const { stdout } = bench('--only', 'none', '--shapes', file, '--seconds', '0.1', '--layers', '--json');
    const { networks, plainResnet20 } = JSON.parse(stdout);
    expect(plainResnet20).toBeNull();
    const { layers, macs, ms, ...figures } = networks['shaped.onnx'];
    for (const key of ['dense', 'half', 'promiseKept', 'shareOfPeak', 'wasmBytes', 'loadMs', 'ortLoadMs'])
      expect(figures[key], key).toBeGreaterThan(0);
    expect(Object.keys(ms)).toEqual(['ort', 'dense', 'half']);
    expect(macs.half / macs.dense).toBeCloseTo(0.5, 1);
    expect(layers.half).toHaveLength(layers.dense.length);
  });

  it('refuses names that it does not know, seconds that are none and files that are missing', () => {
    expect(bench('--shapes', 'none.onnx').stderr).toMatch(/^error: none\.onnx: no such file/);
    expect(bench('--only', 'none')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error: --only: expected some of resnet20, .*, found none\n$/),
    });
    expect(bench('--seconds', 'many').stderr).toBe(
      'error: --seconds: expected a positive number, found many\n',
    );
  });
});
