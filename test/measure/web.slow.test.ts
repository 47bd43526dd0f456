import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { openWebBenchmark, type WebBenchmark } from '../../src/measure/web.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { commandLinesWith, hasChromium } from '../support/chromium.ts';
import { espalier } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { convolutionChain, matrixModel, particularModel } from '../support/timed-models.ts';

/** A model that reads inputs of several types. */
function mixedModel(): Uint8Array {
  const graph = emptyGraph('mixed');
  const g = builderOf(graph);
  const types = ['float32', 'float16', 'float64', 'uint8', 'int8', 'int32', 'int64', 'bool'] as const;
  const inputs = types.map((type) => g.Cast(g.input(type, type, ['N', 3]), { to: 1 }));
  g.output(
    inputs.reduce((sum, x) => g.Add(sum, x)),
    'y',
  );
  return serializeModel(graph);
}

describe.skipIf(!hasChromium)('measuring in a browser (needs Chromium)', () => {
  let web: WebBenchmark;
  beforeAll(async () => {
    web = await openWebBenchmark();
  });
  afterAll(() => web.close());

  it('compares models with the first, on one thread and on two, in the same browser', async () => {
    expect(web.version).toMatch(/^onnxruntime-web \d+\.\d+\.\d+, .*Chrome\/\d+/);
    for (const threads of [1, 2]) {
      const result = await web.benchmark([convolutionChain(16), convolutionChain(1)], { threads, rounds: 5 });
      expect(result).toMatchObject({ threads, batch: 1, rounds: 5 });
      const [long, short] = result.models;
      expect([long!.path, short!.path, long!.ratio]).toEqual(['model 1', 'model 2', 1]);
      // Sixteen times the work, on a machine that may do other things: not another model, nor the other way round.
      expect(short!.ratio).toBeGreaterThan(2);
    }
  });

  it('feeds inputs of every type, and the batch and size that it is given', async () => {
    await expect(web.benchmark([mixedModel()], { batch: 2, rounds: 1 })).resolves.toMatchObject({ batch: 2 });
    const particular = (size: number) => web.benchmark([particularModel()], { batch: 4, size, rounds: 1 });
    await expect(particular(12)).resolves.toMatchObject({ batch: 4 });
    await expect(particular(11)).rejects.toThrow(/^onnxruntime-web cannot run the model: .*Reshape/);
  });

  it('reads files with external data', async () => {
    const path = join(temporaryFolder(), 'matrix.onnx');
    const inside = join(temporaryFolder(), 'inside.onnx');
    writeFileSync(inside, matrixModel(64));
    writeModelFile(readModelFile(inside), path, { externalData: 'always' });
    await expect(web.benchmark([path], { rounds: 1 })).resolves.toMatchObject({ models: [{ path }] });
  });

  it('starts each model in a page of its own, whose heap holds at least the weights', async () => {
    const [small, large, again] = await web.coldStarts(
      [convolutionChain(1), matrixModel(3000), convolutionChain(1)],
      {
        starts: 1,
      },
    );
    expect(large!.peakMemoryBytes).toBeGreaterThan(4 * 3000 ** 2);
    expect(again!.peakMemoryBytes).toBe(small!.peakMemoryBytes);
    expect(small!.peakMemoryBytes).toBeLessThan(large!.peakMemoryBytes / 2);
    for (const { loadMs, firstRunMs } of [small!, large!]) {
      expect(loadMs).toBeGreaterThan(0);
      expect(firstRunMs).toBeGreaterThan(0);
    }
  });

  it('goes on after a model that onnxruntime refuses, and stops on a signal', async () => {
    const graph = emptyGraph('unknown');
    const g = builderOf(graph);
    g.output(g.input('x', 'float32', ['N', 3]), 'y');
    graph.opsets = { ...graph.opsets, '': 9999 };
    const refused = web.benchmark([serializeModel(graph)], { rounds: 1 });
    await expect(refused).rejects.toMatchObject({ code: 'runtime' });
    const stopped = web.benchmark([convolutionChain(1)], { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    await expect(web.benchmark([convolutionChain(1)], { rounds: 1 })).resolves.toMatchObject({ rounds: 1 });
  });
});

describe.skipIf(!hasChromium || process.platform !== 'linux')('the end of a browser (needs Chromium)', () => {
  it('comes with Ctrl-C, after which neither processes nor files remain', async () => {
    const folder = temporaryFolder();
    let running = 0;
    const ended = await espalier(['bench', 'resnet20', '--runtime', 'web', '--seconds', '60'], {
      env: { TMPDIR: folder },
      onMessage(text, interrupt) {
        if (running > 0 || !text.includes('measuring')) return;
        running = commandLinesWith(folder).length;
        interrupt();
      },
    });
    expect(ended).toMatchObject({ code: 130, stdout: '' });
    expect(ended.stderr).toContain('espalier: measurement interrupted');
    expect(running).toBeGreaterThan(0);
    await vi.waitFor(() => expect(commandLinesWith(folder)).toEqual([]), 5000);
    expect(readdirSync(folder).filter((name) => name.startsWith('puppeteer'))).toEqual([]);
  });
});

describe('a browser that is missing', () => {
  it('is named, with what to install', async () => {
    vi.stubEnv('ESPALIER_CHROMIUM', join(tmpdir(), 'no-such-browser'));
    try {
      await expect(openWebBenchmark()).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(
          /no-such-browser: no such browser: run `npm install onnxruntime-web puppeteer-core`/,
        ),
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
