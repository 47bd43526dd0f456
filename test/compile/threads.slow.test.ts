import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, compile, writeCompiled } from '../../src/index.ts';
import { launchBrowser } from '../../src/runtime/onnxruntime-web/browser.ts';
import { serveContents } from '../../src/runtime/onnxruntime-web/server.ts';
import { hasChromium } from '../support/chromium.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-threads-'));
  writeCompiled(await compile(buildModel('resnet20'), { seconds: 0, threads: 2 }), folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the network on as many threads as it gets, several times, and on one; whether the last results are equal. */
const compared = `async (load) => {
  const [one, all] = [await load({ threads: 1 }), await load()];
  const x = Float32Array.from({ length: 3072 }, (_, i) => Math.sin(i));
  one.inputs.input.set(x);
  all.inputs.input.set(x);
  one.run();
  for (let i = 0; i < 20; i++) all.run();
  return { threads: all.threads, equal: one.outputs.logits.every((v, i) => v === all.outputs.logits[i]) };
}`;

it('compute in Node what one computes, and end with the program', () => {
  const program = join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import { load } from './model.js';
    console.log(JSON.stringify(await (${compared})(load)));`,
  );
  const found = execFileSync(process.execPath, [program], { encoding: 'utf8', timeout: 30_000 });
  expect(JSON.parse(found)).toEqual({ threads: 2, equal: true });
});

describe.skipIf(!hasChromium)('in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  const run = async (url: string): Promise<{ found: unknown; warnings: string[] }> => {
    const page = await browser.newPage();
    const warnings: string[] = [];
    page.on('console', (message) => void (message.type() === 'warn' && warnings.push(message.text())));
    await page.goto(`${url}/page.html`);
    const found = await page.evaluate(`import('/model.js').then(({ load }) => (${compared})(load))`);
    await page.close();
    return { found, warnings };
  };

  it('compute in an isolated page what one computes', async () => {
    const server = await serveContents();
    for (const name of readdirSync(folder)) server.contents.set(`/${name}`, { file: join(folder, name) });
    server.contents.set('/page.html', '<!doctype html>');
    expect(await run(server.url)).toEqual({ found: { threads: 2, equal: true }, warnings: [] });
    await server.close();
  });

  it('are one elsewhere, which is said once', async () => {
    const types: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
    const server = createServer(({ url = '' }, response) => {
      response.setHeader('Content-Type', types[extname(url)] ?? 'text/html');
      const isFile = readdirSync(folder).includes(url.slice(1));
      response.end(isFile ? readFileSync(join(folder, url.slice(1))) : '<!doctype html>');
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { found, warnings } = await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(found).toEqual({ threads: 1, equal: true });
    expect(warnings).toEqual(['model.js runs on one thread: the page is not cross-origin isolated']);
    server.closeAllConnections();
    server.close();
  });
});
