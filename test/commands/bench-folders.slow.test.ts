import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bench } from '../../src/commands/bench/bench.ts';
import { compile, costs, writeCompiled, writeModelFile } from '../../src/index.ts';
import { hasChromium } from '../support/chromium.ts';
import { runCommand } from '../support/run-command.ts';
import { plainNetwork } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A network as a file, and compiled. */
async function fileAndFolder(threads = 1) {
  const root = temporaryFolder();
  const [file, folder] = [join(root, 'dense.onnx'), join(root, 'compiled')];
  const network = plainNetwork();
  writeModelFile(network, file);
  writeCompiled(await compile(network, { seconds: 0, verify: false, threads }), folder);
  return { network, file, folder };
}

const run = (models: readonly string[], options: Record<string, string> = {}) =>
  runCommand(bench, [...models], [{ seconds: '0.1', coldStarts: '0', ...options }]);

describe('a compiled folder beside a file', () => {
  const runtimes = hasChromium ? ['node', 'web'] : ['node'];
  it.each(runtimes)('is measured in %s', async (runtime) => {
    const { network, file, folder } = await fileAndFolder();
    const { models } = await run([file, folder], { runtime, coldStarts: '1' });
    const [, compiled] = models as Record<string, number>[];
    const size = (name: string) => statSync(join(folder, name)).size;
    expect(compiled).toMatchObject({
      path: folder,
      parameters: null,
      macs: costs(network).macs,
      sizeBytes: size('model.js') + size('model-relaxed.wasm') + size('model.bin'),
    });
    for (const key of ['medianMs', 'ratio', 'loadMs', 'firstRunMs', 'peakMemoryBytes'])
      expect(compiled![key], key).toBeGreaterThanOrEqual(0);
    if (runtime === 'web') {
      // One page of WebAssembly, and no onnxruntime-web beside it.
      expect(compiled!.peakMemoryBytes).toBeGreaterThanOrEqual(65536);
      expect(compiled!.peakMemoryBytes).toBeLessThan(1e6);
    }
  });
});

describe('a folder that is compiled for two threads', () => {
  const runs = (hasChromium ? ['node', 'web'] : ['node']).flatMap((runtime) =>
    ['1', '2'].map((threads) => ({ runtime, threads })),
  );
  it.each(runs)('runs on $threads in $runtime', async ({ runtime, threads }) => {
    const { folder } = await fileAndFolder(2);
    const { models } = await run([folder], { runtime, threads });
    expect((models as { medianMs: number }[])[0]!.medianMs).toBeGreaterThan(0);
  });
});

describe('refuses', () => {
  it('folders that compile has not written, and those that lack a file', async () => {
    const other = temporaryFolder();
    const expected = 'expected a folder that espalier compile has written, found';
    await expect(run([other])).rejects.toMatchObject({ code: 'usage', where: other });
    await expect(run([other])).rejects.toThrow(`${expected} no report.json`);
    const { folder } = await fileAndFolder();
    rmSync(join(folder, 'model.bin'));
    await expect(run([folder])).rejects.toThrow(`${expected} no model.bin`);
    writeFileSync(join(folder, 'model.bin'), '');
    writeFileSync(join(folder, 'report.json'), '{}');
    await expect(run([folder])).rejects.toThrow(`${expected} another report.json`);
  });

  it('another batch, inputs of another shape, and weights that are cut off', async () => {
    const { folder } = await fileAndFolder();
    await expect(run([folder], { batch: '2' })).rejects.toThrow('is compiled for a batch of 1, expected 2');
    const feed = join(temporaryFolder(), 'x.npy');
    writeFileSync(feed, npy([1, 3, 4, 4]));
    await expect(run([folder], { feed: `input=${feed}` })).rejects.toThrow(
      'input: expected float32 [1, 3, 8, 8], found float32 [1, 3, 4, 4]',
    );
    writeFileSync(join(folder, 'model.bin'), 'short');
    await expect(run([folder])).rejects.toThrow(
      /compiled: cannot be loaded: weights: expected \d+ bytes, found 5/,
    );
  });

  it('nothing where a network of the zoo has the name of a folder', async () => {
    const before = process.cwd();
    process.chdir(temporaryFolder());
    try {
      mkdirSync('espalier-demo');
      expect((await run(['espalier-demo'])).models).toMatchObject([{ path: 'espalier-demo' }]);
    } finally {
      process.chdir(before);
    }
  });
});

/** A file of float32 zeros. */
function npy(shape: readonly number[]): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }\n`;
  const size = Buffer.alloc(2);
  size.writeUInt16LE(header.length);
  const zeros = Buffer.alloc(4 * shape.reduce((product, dim) => product * dim, 1));
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, Buffer.from(header), zeros]);
}
