import { temporaryTimings } from './temporary-timings.ts';
import type { Timer } from './timer.ts';
import type { WebBenchmark } from './web.ts';

/** The runtimes in which models are measured. */
export const runtimeNames = ['node', 'web'] as const;
/** `node`: onnxruntime in Node; `web`: onnxruntime-web in a browser. */
export type RuntimeName = (typeof runtimeNames)[number];

/** Opens measurements in a runtime; the caller closes them. */
export const openMeasuring: { readonly [R in RuntimeName]: () => Promise<WebBenchmark> } = {
  async node() {
    const { benchmark } = await import('./latency.ts');
    const { coldStarts } = await import('./cold-start.ts');
    const { onnxruntimeVersion } = await import('../runtime/onnxruntime/session.ts');
    const version = `onnxruntime-node ${await onnxruntimeVersion()}`;
    return { version, benchmark, coldStarts, close: async () => {} };
  },
  async web() {
    const { openWebBenchmark } = await import('./web.ts');
    return openWebBenchmark();
  },
};

interface TimerOptions {
  readonly threads: number;
  /** Whether to reuse cached times, and to cache new ones. Default true. */
  readonly cache?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a timer for forms of layers in the runtime where they will be used. */
export async function openTimer(
  runtime: RuntimeName,
  { threads, cache = true, signal }: TimerOptions,
): Promise<{ readonly timer: Timer; close(): Promise<void> }> {
  const { openTimings } = await import('./timings.ts');
  const timings = cache ? openTimings() : temporaryTimings();
  const { benchmark, version: engine, close } = await openMeasuring[runtime]();
  return { timer: { benchmark, engine, threads, timings, signal }, close };
}

/** A timer, or options to open one. */
interface TimerChoice extends Partial<TimerOptions> {
  readonly timer?: Timer | undefined;
  /** Default `node`. */
  readonly target?: RuntimeName;
}

/** Calls `use` with the given timer, or with one that is opened (by default on one thread) and closed afterwards. */
export async function withTimer<T>(choice: TimerChoice, use: (timer: Timer) => Promise<T>): Promise<T> {
  if (choice.timer) return use(choice.timer);
  const { target = 'node', threads = 1, cache = true, signal } = choice;
  const { timer, close } = await openTimer(target, { threads, cache, signal });
  try {
    return await use(timer);
  } finally {
    await close();
  }
}
