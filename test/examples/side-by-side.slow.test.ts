import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { compile } from '../../src/compile/compile-here.ts';
import { writeCompiled } from '../../src/compile/folder/write.ts';
import { readModelFile, writeModelFile } from '../../src/onnx/model-file.ts';
import { foldBatchNormalization } from '../../src/rewrite/index.ts';
import { launchBrowser } from '../../src/runtime/onnxruntime-web/browser.ts';
import { hasChromium } from '../support/chromium.ts';
import { plainNetwork, zero } from '../support/small-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const script = fileURLToPath(new URL('../../examples/side-by-side/serve.mjs', import.meta.url));

/** Starts the example's server; the address that it prints, or how it ended. */
function serve(args: readonly string[]): Promise<{ address: string; said: string; code: number | null }> {
  const server: ChildProcess = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void server.kill());
  let said = '';
  server.stderr!.on('data', (chunk) => {
    said += chunk;
  });
  return new Promise((resolve) => {
    server.stdout!.once('data', (chunk) => resolve({ address: String(chunk).trim(), said, code: null }));
    server.once('close', (code) => resolve({ address: '', said, code }));
  });
}

/** A network as it is, the same with BatchNormalization folded, and one that answers otherwise; a folder that is not there. */
function networks() {
  const folder = temporaryFolder();
  const [before, after, other] = ['before', 'after', 'other'].map((name) => join(folder, `${name}.onnx`));
  const graph = plainNetwork();
  writeModelFile(graph, before!);
  writeModelFile(foldBatchNormalization(graph).graph, after!);
  const changed = plainNetwork();
  zero(changed.initializers.find(({ name }) => name === 'conv2.weight')!, (i) => i % 2 === 0);
  writeModelFile(changed, other!);
  return { folder, before: before!, after: after!, other: other!, compiled: join(folder, 'compiled') };
}

const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? '');

const untilText = (page: Page, selector: string, pattern: RegExp) =>
  page.waitForFunction(`${pattern}.test(document.querySelector(${JSON.stringify(selector)}).textContent)`);

describe.skipIf(!hasChromium)('the side-by-side page (needs Chromium)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  async function opened(address: string) {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warn'].includes(message.type())) errors.push(message.text());
    });
    await page.goto(address);
    return { page, errors };
  }

  it.each([1, 2])('runs two networks live on %i threads and says that they answer alike', async (threads) => {
    const { before, after } = networks();
    const { address } = await serve([before, after]);
    const { page, errors } = await opened(`${address}&threads=${threads}`);
    await untilText(page, '#agreement', /12 of 12 images/);
    await untilText(page, '#verdict', /^\d+\.\d\d× the speed of before\.onnx$/);
    for (const side of ['#a', '#b']) expect(Number(await textOf(page, `${side} .rate`))).toBeGreaterThan(0);
    expect(await textOf(page, '#b .drop')).toMatch(/^after\.onnx.*3×8×8/);
    const [, apart] = /outputs differ by at most (\S+)$/.exec(await textOf(page, '#agreement'))!;
    expect(Number(apart)).toBeLessThan(1e-5);
    expect(await textOf(page, '#conditions')).toContain(threads === 1 ? 'one thread' : '2 threads');
    expect(errors).toEqual([]);
  });

  it.each([1, 2])('runs a compiled network beside them on %i threads', async (threads) => {
    const { before, after, compiled } = networks();
    writeCompiled(await compile(readModelFile(after), { seconds: 0, verify: false, threads: 2 }), compiled);
    const { address } = await serve([before, after, compiled]);
    const { page, errors } = await opened(`${address}&threads=${threads}`);
    await untilText(page, '#agreement', /12 of 12 images/);
    await untilText(page, '#verdict', /^\d+\.\d\d× and \d+\.\d\d× the speed of before\.onnx$/);
    expect(Number(await textOf(page, '#c .rate'))).toBeGreaterThan(0);
    expect(await textOf(page, '#c .drop')).toMatch(/^compiled.*3×8×8/);
    const [, apart] = /outputs differ by at most (\S+)$/.exec(await textOf(page, '#agreement'))!;
    expect(Number(apart)).toBeLessThan(1e-5);
    expect(errors).toEqual([]);
  });

  it('takes a folder that is chosen, and names a file that it lacks', async () => {
    const { before, compiled } = networks();
    writeCompiled(await compile(plainNetwork(), { seconds: 0, verify: false }), compiled);
    const { address } = await serve([before, before]);
    const { page } = await opened(address);
    await untilText(page, '#agreement', /12 of 12 images/);
    const input = (await page.$('#c input'))!;
    await input.uploadFile(compiled);
    await untilText(page, '#c .name', /^compiled$/);
    await untilText(page, '#verdict', /× and .*× the speed of before\.onnx$/);
    rmSync(join(compiled, 'model.bin'));
    await input.uploadFile(compiled);
    await untilText(page, '#c .problem', /^expected model\.bin beside model\.js$/);
    expect(await textOf(page, '#c .rate')).toBe('–');
  });

  it('takes other files, and says of one that it is no network', async () => {
    const { folder, before, other } = networks();
    const { address } = await serve([before, before]);
    const { page } = await opened(address);
    await untilText(page, '#agreement', /12 of 12 images/);
    const input = (await page.$('#b input'))!;
    await input.uploadFile(other);
    await untilText(page, '#b .name', /^other\.onnx$/);
    await untilText(page, '#agreement', /images, outputs differ by at most \d.* %/);
    const broken = join(folder, 'broken.onnx');
    writeFileSync(broken, 'no network');
    await input.uploadFile(broken);
    await untilText(page, '#b .problem', /./);
    expect(await textOf(page, '#b .name')).toBe('broken.onnx');
    expect(await textOf(page, '#b .rate')).toBe('–');
    expect(await textOf(page, '#agreement')).toBe('needs two networks');
  });
});

describe('serving the page', () => {
  it('asks for files that are there, and folders that are compiled', async () => {
    expect(await serve([])).toMatchObject({
      code: 2,
      said: expect.stringContaining('usage: node serve.mjs'),
    });
    const { folder, before } = networks();
    expect(await serve([before, 'none.onnx'])).toMatchObject({ code: 2, said: 'none.onnx: no such file\n' });
    expect(await serve([before, folder])).toMatchObject({
      code: 2,
      said: `${folder}: expected a folder that espalier compile has written, found no model.js\n`,
    });
  });
});
