import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bench } from '../../src/commands/bench/bench.ts';
import { disturbance } from '../../src/report/latency.ts';
import { hasChromium } from '../support/chromium.ts';
import { runCommand, silent } from '../support/run-command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { convolutionChain } from '../support/timed-models.ts';

function chainFile(convolutions: number): string {
  const path = join(temporaryFolder(), `${convolutions}.onnx`);
  writeFileSync(path, convolutionChain(convolutions));
  return path;
}

it('says what models weigh, what a start costs, and warns of one that grew and is slower', async () => {
  const [short, long] = [chainFile(1), chainFile(16)];
  const warnings: string[] = [];
  const context = { ...silent, warn: (line: string) => void warnings.push(line) };
  const result = await runCommand(bench, [short, long], [{ seconds: '0.2', coldStarts: '1' }, context]);
  expect(result).toMatchObject({
    runtime: 'node',
    engine: expect.stringMatching(/^onnxruntime-node 1\.\d+/),
    threads: 1,
    batch: 1,
    models: [
      // One convolution of 32 to 32 channels, 3×3, on 32×32.
      { path: short, ratio: 1, sizeBytes: statSync(short).size, parameters: 9216, macs: 9216 * 1024 },
      { path: long, sizeBytes: statSync(long).size, parameters: 16 * 9216, macs: 16 * 9216 * 1024 },
    ],
  });
  const { models } = result as { models: Record<string, number>[] };
  for (const { loadMs, firstRunMs, peakMemoryBytes } of models)
    expect([loadMs! > 0, firstRunMs! > 0, peakMemoryBytes! >= 0]).toEqual([true, true, true]);
  // On a busy machine another line follows.
  expect(warnings[0]).toEqual(
    expect.stringMatching(
      /16\.onnx: slower than the first model \(-\d.* %\), with 16\.00× its MACs: prune it$/,
    ),
  );
});

it('says where ratios scatter', () => {
  const steady = { path: 'a.onnx', ratioSpread: [1.2, 1.3] } as const;
  expect(disturbance([steady])).toBeNull();
  expect(disturbance([steady, { path: 'b.onnx', ratioSpread: [0.62, 1.94] }])).toMatch(
    /^the ratios vary too much between rounds \(b\.onnx 0\.62–1\.94\): measure again/,
  );
});

it('leaves cold starts out where none are asked for, and names networks of the zoo', async () => {
  const result = await runCommand(bench, ['resnet20'], [{ seconds: '0.1', coldStarts: '0' }]);
  const [model] = result.models as Record<string, unknown>[];
  expect(model).toMatchObject({ path: 'resnet20', ratio: 1 });
  expect(model).not.toHaveProperty('loadMs');
});

it.skipIf(!hasChromium)('measures in a browser (needs Chromium)', async () => {
  const result = await runCommand(
    bench,
    ['resnet20'],
    [{ runtime: 'web', seconds: '0.1', coldStarts: '1', threads: '2' }],
  );
  expect(result).toMatchObject({
    runtime: 'web',
    engine: expect.stringContaining('onnxruntime-web'),
    threads: 2,
  });
  const [model] = result.models as { peakMemoryBytes: number; sizeBytes: number }[];
  expect(model!.peakMemoryBytes).toBeGreaterThan(model!.sizeBytes);
});
