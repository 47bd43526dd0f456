import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { EspalierError } from '../../errors.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import { installHint, launchBrowser } from './browser.ts';
import { page as html, script } from './page.ts';
import { type Content, type ContentServer, serveContents } from './server.ts';

/** onnxruntime-web in a headless Chromium. */
export interface WebRuntime {
  /** Engine and browser, such as `onnxruntime-web 1.30.0, Chrome/140.0.0.0`. */
  readonly version: string;
  /** The browser only: `Chrome/140.0.0.0`. */
  readonly browserVersion: string;
  /** Opens a page in which onnxruntime-web (WebAssembly, SIMD) runs on the given number of threads. */
  openPage(threads: number): Promise<WebPage>;
  close(): Promise<void>;
}

type WebInputs = readonly (readonly [name: string, Tensor])[];

export interface WebPage {
  load(model: Uint8Array, inputs: WebInputs): Promise<WebModel>;
  /** Loads a compiled folder by its script. */
  loadFolder(folder: string, inputs: WebInputs): Promise<WebModel>;
  /** Instantiates a module without imports, and writes contents into its memory. */
  instantiate(wasm: Uint8Array, contents: readonly MemoryContents[]): Promise<WebInstance>;
  /** Size of all WebAssembly memories. They grow in steps and never shrink, so it is their peak. */
  heapBytes(): Promise<number>;
  close(): Promise<void>;
}

/** A model in a page, with the inputs to run it on. */
export interface WebModel {
  /** Milliseconds to create the session, without loading the model's bytes. */
  readonly loadMs: number;
  /** Mean milliseconds over n runs. */
  time(n: number): Promise<number>;
  close(): Promise<void>;
}

/** Contents of a module's memory. */
export interface MemoryContents {
  /** In bytes, from the start of memory. */
  readonly offset: number;
  readonly data: Tensor['data'];
}

/** A WebAssembly module in a page. */
export interface WebInstance {
  /** Milliseconds to compile it and fill its memory, without loading the bytes. */
  readonly loadMs: number;
  /** Mean milliseconds over n calls of an exported function with one argument. */
  timeCalls(name: string, argument: number, n: number): Promise<number>;
  close(): Promise<void>;
}

/** The files of onnxruntime-web that the page loads: its build without GPU support. */
const ortFiles = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

/** Opens a browser, and a server for its pages. Throws `unsupported` if something is not installed. */
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

/** A browser, and the server of its pages. */
interface Opened {
  readonly browser: Browser;
  readonly server: ContentServer;
}

async function openIn({ browser, server }: Opened, threads: number): Promise<WebPage> {
  const page = await browser.newPage();
  await page.goto(`${server.url}/page.html?threads=${threads}`);
  await page.waitForFunction('globalThis.runtime !== undefined');
  return {
    load: (model, inputs) => loadModel({ page, server }, model, inputs),
    loadFolder: (folder, inputs) => loadFolder({ page, server }, folder, inputs),
    instantiate: (wasm, contents) => instantiate({ page, server }, wasm, contents),
    heapBytes: () => call(page, 'heapBytes'),
    close: () => page.close(),
  };
}

/** A page, and the server of its contents. */
interface Served {
  readonly page: Page;
  readonly server: ContentServer;
}

let loaded = 0;
const nextPath = (): string => `/models/${loaded++}`;

async function loadModel(served: Served, model: Uint8Array, inputs: WebInputs): Promise<WebModel> {
  const path = nextPath();
  return load('load', { ...served, path, contents: [[path, model]] }, inputs);
}

async function loadFolder(served: Served, folder: string, inputs: WebInputs): Promise<WebModel> {
  const path = nextPath();
  const contents = readdirSync(folder).map(
    (name) => [`${path}/${name}`, { file: join(folder, name) }] as const,
  );
  return load('loadFolder', { ...served, path, contents }, inputs);
}

/** Loads the contents at a path by a function of the page. */
interface PageLoad extends Served {
  readonly path: string;
  readonly contents: readonly (readonly [path: string, Content])[];
}

async function load(
  how: 'load' | 'loadFolder',
  { page, server, path, contents }: PageLoad,
  inputs: WebInputs,
): Promise<WebModel> {
  const fed = inputs.map(([name, { dtype, shape, data }], i) => ({
    name,
    dtype,
    shape,
    data,
    from: `${path}/${i}`,
  }));
  const all = new Map([...contents, ...fed.map(({ from, data }) => [from, bytesOf(data)] as const)]);
  const told = fed.map(({ name, dtype, shape, from }) => [name, dtype, shape, from]);
  const loadMs = await whileServed(server, all, () => call<number>(page, how, path, told));
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
  contents: ReadonlyMap<string, Content>,
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

/** A description of each function of the page, for errors. */
const failures: Readonly<Record<string, string>> = {
  load: 'onnxruntime-web cannot load the model',
  loadFolder: 'the browser cannot load the compiled network',
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
