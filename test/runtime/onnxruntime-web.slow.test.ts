import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { costs } from '../../src/measure/macs.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { launchBrowser } from '../../src/runtime/onnxruntime-web/browser.ts';
import { type ContentServer, serveContents } from '../../src/runtime/onnxruntime-web/server.ts';
import { browserBundle } from '../support/browser-bundle.ts';
import { hasChromium } from '../support/chromium.ts';
import { killFilters, plainNetwork } from '../support/small-network.ts';

/** The code of docs/library.md for browsers. */
const documented = /## In the browser[\s\S]*?```ts\n([\s\S]*?)```/.exec(
  readFileSync(new URL('../../docs/library.md', import.meta.url), 'utf8'),
)![1]!;

const wasm = 'ort-wasm-simd-threaded.wasm';
const wasmFile = createRequire(import.meta.url).resolve(`onnxruntime-web/${wasm}`);

/** [out, in, 3, 3] convolutions of 16 and 32 filters, each filter 1 % larger than the one before it. */
function graded() {
  const network = plainNetwork({ widths: [16, 32] });
  for (const name of ['conv1', 'conv2']) {
    const { data, shape } = network.initializers.find((value) => value.name === `${name}.weight`)!.tensor!;
    const weights = data as Float32Array;
    const size = weights.length / shape[0]!;
    for (let filter = 0; filter < shape[0]!; filter++) {
      const own = weights.subarray(filter * size, (filter + 1) * size);
      const norm = own.reduce((sum, weight) => sum + Math.abs(weight), 0);
      own.forEach((weight, i) => {
        own[i] = (weight / norm) * 10 * 1.01 ** filter;
      });
    }
  }
  return network;
}

describe.skipIf(!hasChromium)('onnxruntime-web as executor (needs Chromium)', () => {
  let browser: Browser;
  let server: ContentServer;
  beforeAll(async () => {
    [browser, server] = await Promise.all([launchBrowser(), serveContents()]);
  });
  afterAll(() => Promise.all([browser.close(), server.close()]));

  /** What a script leaves in `globalThis.result`; what it throws fails the test. */
  async function resultInPage(script: string): Promise<unknown> {
    server.contents.set('/page.html', '<!doctype html><script type="module" src="/page.js"></script>');
    server.contents.set('/page.js', await browserBundle(script)).set(`/${wasm}`, { file: wasmFile });
    const page = await browser.newPage();
    const thrown = new Promise<never>((_, reject) => {
      page.once('pageerror', reject);
    });
    await page.goto(`${server.url}/page.html`);
    const result = page.waitForFunction('globalThis.result').then((handle) => handle.jsonValue());
    return Promise.race([result, thrown]).finally(() => page.close());
  }

  it('prunes a network from its bytes to bytes, as docs/library.md has it', async () => {
    const network = graded();
    server.contents.set('/model.onnx', serializeModel(network));
    const bytes = (await resultInPage(`${documented} globalThis.result = [...bytes];`)) as number[];
    const pruned = parseModel(Uint8Array.from(bytes));
    const weightOf = (name: string) =>
      pruned.initializers.find((value) => value.name === `${name}.weight`)!.tensor!;
    // conv1: 3·9·64 MACs a filter; conv2: 8·9·16; fc: 4. 8 and 24 filters are 41 %, 8 and 32 were 50.06 %.
    expect([weightOf('conv1').shape, weightOf('conv2').shape]).toEqual([
      [8, 3, 3, 3],
      [24, 8, 3, 3],
    ]);
    expect(costs(pruned).macs).toBe(8 * 3 * 9 * 64 + 24 * 8 * 9 * 16 + 24 * 4);
    // Without the smallest filters, which are the first.
    killFilters(network, 'conv1', [...new Array(8).keys()]);
    killFilters(network, 'conv2', [...new Array(8).keys()]);
    await verifyEquivalent(network, pruned, { executor: onnxruntime, tolerance: 1e-5 });
  });

  it('is what a network that is compiled in the page is compared with', async () => {
    server.contents.set('/model.onnx', serializeModel(plainNetwork()));
    const result = await resultInPage(`
      import { compileToWebAssembly, compiledFiles, onnxruntimeWeb, parseModel } from 'espalier/core';
      import * as ort from 'onnxruntime-web/wasm';
      ort.env.wasm.numThreads = 1;
      const network = parseModel(new Uint8Array(await (await fetch('/model.onnx')).arrayBuffer()));
      const model = await compileToWebAssembly(network, { executor: onnxruntimeWeb(ort) });
      globalThis.result = { ...model.verification, files: Object.keys(compiledFiles(model)) };`);
    expect(result).toMatchObject({
      modules: ['relaxed', 'baseline'],
      files: expect.arrayContaining(['model.js']),
    });
    expect((result as { error: number }).error).toBeLessThan(1e-5);
  });

  it('keeps state from run to run', async () => {
    const result = await resultInPage(`
      import { onnxruntimeWeb, parseGraph } from 'espalier/core';
      import * as ort from 'onnxruntime-web/wasm';
      ort.env.wasm.numThreads = 1;
      const graph = parseGraph(\`<opset = 18>
        count(float32[2] n) => (float32[2] next, float32[2] twice) {
          float32[2] one = {1, 1}
          next = Add(n, one)
          twice = Add(next, next)
        }\`);
      const program = await onnxruntimeWeb(ort).compile(graph, { state: [{ input: 'n', output: 'next' }] });
      await program.run({});
      const { twice } = await program.run({});
      globalThis.result = { twice: [...twice.data], n: [...program.readState().n.data] };`);
    expect(result).toEqual({ twice: [4, 4], n: [2, 2] });
  });
});
