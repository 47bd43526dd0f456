import { serializeModel } from '../onnx/index.ts';
import type { WebPage, WebRuntime } from '../runtime/onnxruntime-web/index.ts';
import { type ColdStart, type ColdStartOptions, coldStartsIn } from './cold-start.ts';
import { type Benchmark, type BenchmarkOptions, benchmarkIn } from './latency.ts';
import type { ModelSource, PreparedModel } from './prepared-model.ts';
import { WEB_WARMUP_MS } from './rounds.ts';

/**
 * Measurements in one headless Chromium, of models in onnxruntime-web (WebAssembly) and of compiled networks, one call at a
 * time.
 */
export interface WebBenchmark {
  /** Engine and browser, such as `onnxruntime-web 1.30.0, Chrome/140.0.0.0`. */
  readonly version: string;
  /** Like {@link benchmark}, in onnxruntime-web. Calls with the same number of threads share a page. */
  benchmark(models: readonly ModelSource[], options?: BenchmarkOptions): Promise<Benchmark>;
  /** Like {@link coldStarts}, with each start in a new page. */
  coldStarts(models: readonly ModelSource[], options?: ColdStartOptions): Promise<ColdStart[]>;
  close(): Promise<void>;
}

/**
 * Opens a browser for measurements. Throws `unsupported`, naming what to install, if something is missing.
 *
 * @example
 * const web = await openWebBenchmark();
 * const { models } = await web.benchmark(['model.onnx'], { threads: 1 });
 * await web.close();
 */
export async function openWebBenchmark(): Promise<WebBenchmark> {
  const { openWebRuntime } = await import('../runtime/onnxruntime-web/index.ts');
  const runtime = await openWebRuntime();
  const pages = new Map<number, WebPage>();
  const pageOf = async (threads: number): Promise<WebPage> => {
    const page = pages.get(threads) ?? (await runtime.openPage(threads));
    pages.set(threads, page);
    return page;
  };
  const open = async (model: PreparedModel, threads: number) => load(await pageOf(threads), model);
  return {
    version: runtime.version,
    benchmark: (models, options = {}) => benchmarkIn({ open, warmupMs: WEB_WARMUP_MS }, models, options),
    coldStarts: (models, options = {}) =>
      coldStartsIn((model, facts) => startInPage(runtime, model, facts), models, options),
    close: () => runtime.close(),
  };
}

/** Like {@link benchmark}, in a headless Chromium that is started for this measurement. */
export async function benchmarkWeb(
  models: readonly ModelSource[],
  options: BenchmarkOptions = {},
): Promise<Benchmark> {
  const web = await openWebBenchmark();
  try {
    return await web.benchmark(models, options);
  } finally {
    await web.close();
  }
}

/** The model as the page loads it: the bytes with external data included, or the script of a folder. */
const load = (page: WebPage, model: PreparedModel) =>
  'folder' in model
    ? page.loadFolder(model.folder, model.inputs)
    : page.load(serializeModel(model.graph), model.inputs);

async function startInPage(
  runtime: WebRuntime,
  model: PreparedModel,
  { threads, runs }: { readonly threads: number; readonly runs: number },
): Promise<ColdStart> {
  const page = await runtime.openPage(threads);
  try {
    const { loadMs, time } = await load(page, model);
    const firstRunMs = await time(1);
    await time(runs);
    return { loadMs, firstRunMs, peakMemoryBytes: await page.heapBytes() };
  } finally {
    await page.close();
  }
}
