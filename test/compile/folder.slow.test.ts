import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeClasses } from '../../src/data/preprocessing.ts';
import { compile, storePreprocessing, writeCompiled } from '../../src/index.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { launchBrowser } from '../../src/runtime/onnxruntime-web/browser.ts';
import { type ContentServer, serveContents } from '../../src/runtime/onnxruntime-web/server.ts';
import { hasChromium } from '../support/chromium.ts';
import { relativeError } from '../support/relative-error.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';

const classes = ['ant', 'bee', 'cat', 'dog'];
const [mean, std] = [
  [0.5, 0.4, 0.3],
  [0.2, 0.25, 0.3],
];

const network = () => {
  const graph = plainNetwork();
  storePreprocessing(graph, { height: 8, width: 8, mean: mean!, std: std! });
  storeClasses(graph, classes);
  return graph;
};

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-compiled-'));
  writeCompiled(await compile(network(), { seconds: 0 }), folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('has types with the names and shapes of the network', () => {
  const user = join(folder, 'user.ts');
  writeFileSync(
    user,
    `import { load } from './model.js';
    const net = await load({ weights: new Uint8Array(4) });
    const [images, channels]: readonly [1, 3, 8, 8] = net.inputs.input.shape;
    const scores: Float32Array = net.outputs.logits;
    net.inputs.input.set([images, channels, ...scores]);
    // @ts-expect-error
    net.outputs.scores;
    export {};`,
  );
  const tsc = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
  const flags = ['--noEmit', '--strict', '--module', 'esnext', '--moduleResolution', 'bundler'];
  const target = ['--target', 'es2022', '--lib', 'es2022,dom', '--ignoreConfig'];
  expect(() => execFileSync(process.execPath, [tsc, ...flags, ...target, user])).not.toThrow();
});

describe.skipIf(!hasChromium)('in Chromium', () => {
  let browser: Browser;
  let server: ContentServer;
  let page: Page;
  beforeAll(async () => {
    [browser, server] = await Promise.all([launchBrowser(), serveContents()]);
    for (const name of readdirSync(folder)) server.contents.set(`/${name}`, { file: join(folder, name) });
    page = await browser.newPage();
    // The folder's page has its script inside.
    await page.setBypassCSP(true);
    await page.goto(`${server.url}/index.html`);
    await page.waitForSelector('#again:not([hidden])');
  });
  afterAll(() => Promise.all([browser.close(), server.close()]));

  const text = (selector: string) =>
    page.evaluate(`document.querySelector('${selector}').textContent`) as Promise<string>;

  it.each([
    ['{}', 'relaxed'],
    ["{ wasm: '/model.wasm' }", 'given'],
    ["{ wasm: await (await fetch('/model-relaxed.wasm')).arrayBuffer() }", 'given'],
  ])('load(%s) computes what onnxruntime does', async (options, module) => {
    const x = normals([1, 3, 8, 8], 5);
    const found = (await page.evaluate(`(async () => {
      const { load } = await import('/model.js');
      const net = await load(${options});
      net.inputs.input.set(${JSON.stringify([...x.data])});
      net.run();
      return { module: net.module, logits: [...net.outputs.logits] };
    })()`)) as { module: string; logits: number[] };
    expect(found.module).toBe(module);
    expect(relativeError(found.logits, await outputOf(network(), x))).toBeLessThan(1e-5);
  });

  it('names a file that is missing', async () => {
    const failed = page.evaluate(`import('/model.js').then(({ load }) => load({ weights: '/none.bin' }))`);
    await expect(failed).rejects.toThrow(/none\.bin: HTTP 404/);
  });

  it('has a page that says how long an image takes', async () => {
    expect(await text('h1')).toBe('plain');
    expect(await text('#time')).toMatch(/^[\d.e-]+ ms per image \(.* to .* ms\), relaxed SIMD/);
  });

  it('has a page that classifies a picture that is dropped on it', async () => {
    const colours = [200, 40, 90];
    await page.evaluate(`(async () => {
      const canvas = new OffscreenCanvas(20, 30);
      const context = canvas.getContext('2d');
      context.fillStyle = 'rgb(${colours.join()})';
      context.fillRect(0, 0, 20, 30);
      const transfer = new DataTransfer();
      transfer.items.add(new File([await canvas.convertToBlob()], 'picture.png', { type: 'image/png' }));
      document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer }));
    })()`);
    await page.waitForSelector('#classes li');
    const planes = colours.flatMap((x, i) => new Array<number>(64).fill((x / 255 - mean![i]!) / std![i]!));
    const scores = await outputOf(network(), floats([1, 3, 8, 8], planes));
    const best = scores.indexOf(Math.max(...scores));
    expect(await text('#classes li')).toBe(`${classes[best]}: ${scores[best]!.toFixed(3)}`);
  });
});
