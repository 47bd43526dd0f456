import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { EspalierError } from '../../errors.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import { identityModel } from '../identity-model.ts';
import { installHint, launchBrowser } from './browser.ts';
import { page as html, script } from './page.ts';
import { type ContentServer, serveContents } from './server.ts';

/** onnxruntime-web in a headless Chromium. */
export interface WebRuntime {
  /** What runs: `onnxruntime-web 1.30.0, Chrome/140.0.0.0`. */
  readonly version: string;
  /** The browser alone: `Chrome/140.0.0.0`. */
  readonly browserVersion: string;
  /** A page with onnxruntime-web started (WebAssembly, float32 SIMD) on so many threads. */
  openPage(threads: number): Promise<WebPage>;
  close(): Promise<void>;
}

export interface WebPage {
  load(model: Uint8Array, inputs: readonly (readonly [name: string, Tensor])[]): Promise<WebModel>;
  /** A module without imports, whose memory holds these contents. */
  instantiate(wasm: Uint8Array, contents: readonly MemoryContents[]): Promise<WebInstance>;
  /** Of WebAssembly: it grows in steps and never shrinks, so this is its peak. */
  heapBytes(): Promise<number>;
  close(): Promise<void>;
}

/** A session in a page, with the inputs that it is run on. */
export interface WebModel {
  /** What creating the session took, the model's bytes being there. */
  readonly loadMs: number;
  /** The mean milliseconds of n runs. */
  time(n: number): Promise<number>;
  close(): Promise<void>;
}

/** Contents of a module's memory. */
export interface MemoryContents {
  /** In bytes. */
  readonly offset: number;
  readonly data: Tensor['data'];
}

/** A WebAssembly module in a page. */
export interface WebInstance {
  /** What compiling it and filling its memory took, the bytes being there. */
  readonly loadMs: number;
  /** The mean milliseconds of n calls of an exported function with one argument. */
  timeCalls(name: string, argument: number, n: number): Promise<number>;
  close(): Promise<void>;
}

/** What the page asks for of onnxruntime-web: its build without graphics cards. */
const ortFiles = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

/** Opens a browser and a server that only its pages use; throws `unsupported` where something is not installed. */
export async function openWebRuntime(): Promise<WebRuntime> {
  const folder = ortFolder();
  const browser = await launchBrowser();
  const server = await serveContents();
  server.contents.set('/page.html', html).set('/page.js', script);
  for (const name of ortFiles) server.contents.set(`/ort/${name}`, { file: join(folder, name) });
  const { version } = createRequire(import.meta.url)(join(folder, '../package.json')) as { version: string };
  const browserVersion = await browser.version();
  return {
    version: `onnxruntime-web ${version}, ${browserVersion}`,
    browserVersion,
    openPage: (threads) => openIn({ browser, server }, threads),
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

function ortFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  } catch (cause) {
    throw new EspalierError('unsupported', `not found: ${installHint}`, { where: 'onnxruntime-web', cause });
  }
}

/** A browser, and what serves the contents of its pages. */
interface Opened {
  readonly browser: Browser;
  readonly server: ContentServer;
}

async function openIn({ browser, server }: Opened, threads: number): Promise<WebPage> {
  const page = await browser.newPage();
  await page.goto(`${server.url}/page.html?threads=${threads}`);
  await page.waitForFunction('globalThis.runtime !== undefined');
  const opened: WebPage = {
    load: (model, inputs) => loadModel({ page, server }, model, inputs),
    instantiate: (wasm, contents) => instantiate({ page, server }, wasm, contents),
    heapBytes: () => call(page, 'heapBytes'),
    close: () => page.close(),
  };
  // onnxruntime-web starts with its first session.
  const first = await opened.load(identityModel(), []);
  await first.close();
  return opened;
}

/** A page, and what serves its contents. */
interface Served {
  readonly page: Page;
  readonly server: ContentServer;
}

let loaded = 0;
const nextPath = (): string => `/models/${loaded++}`;

async function loadModel(
  { page, server }: Served,
  model: Uint8Array,
  inputs: Parameters<WebPage['load']>[1],
): Promise<WebModel> {
  const path = nextPath();
  const contents = new Map([
    [path, model],
    ...inputs.map(([, { data }], i) => [`${path}/${i}`, bytesOf(data)] as const),
  ]);
  const fed = inputs.map(([name, { dtype, shape }], i) => [name, dtype, shape, `${path}/${i}`]);
  const loadMs = await whileServed(server, contents, () => call<number>(page, 'load', path, fed));
  return {
    loadMs,
    time: (n) => call(page, 'time', path, n),
    close: () => call(page, 'release', path),
  };
}

async function instantiate(
  { page, server }: Served,
  wasm: Uint8Array,
  memory: readonly MemoryContents[],
): Promise<WebInstance> {
  const path = nextPath();
  const parts = memory.map(({ offset, data }, i) => ({ offset, data, from: `${path}/${i}` }));
  const contents = new Map([[path, wasm], ...parts.map(({ data, from }) => [from, bytesOf(data)] as const)]);
  const placed = parts.map(({ offset, from }) => [offset, from]);
  const loadMs = await whileServed(server, contents, () => call<number>(page, 'instantiate', path, placed));
  return {
    loadMs,
    timeCalls: (name, argument, n) => call(page, 'timeCalls', path, name, argument, n),
    close: () => call(page, 'release', path),
  };
}

async function whileServed<T>(
  server: ContentServer,
  contents: ReadonlyMap<string, Uint8Array>,
  load: () => Promise<T>,
): Promise<T> {
  for (const [path, content] of contents) server.contents.set(path, content);
  try {
    return await load();
  } finally {
    for (const path of contents.keys()) server.contents.delete(path);
  }
}

function bytesOf(data: Tensor['data']): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What failed, by the function of the page. */
const failures: Readonly<Record<string, string>> = {
  load: 'onnxruntime-web cannot load the model',
  instantiate: 'the browser cannot load the module',
  timeCalls: 'the browser cannot run the module',
  time: 'onnxruntime-web cannot run the model',
};

/** Calls a function of the page's `runtime`. */
async function call<T>(page: Page, name: string, ...args: readonly unknown[]): Promise<T> {
  try {
    return (await page.evaluate(`runtime.${name}(${args.map((arg) => JSON.stringify(arg)).join()})`)) as T;
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!.trim();
    throw new EspalierError('runtime', `${failures[name] ?? name}: ${reason}`, { cause });
  }
}
