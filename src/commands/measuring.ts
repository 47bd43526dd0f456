import type { Timer } from '../measure/timer.ts';
import type { WebBenchmark } from '../measure/web.ts';

/** Where a model runs. */
export const runtimeNames = ['node', 'web'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** What measures models where they run; whoever opens it closes it. */
export const openMeasuring: { readonly [R in RuntimeName]: () => Promise<WebBenchmark> } = {
  async node() {
    const { benchmark } = await import('../measure/latency.ts');
    const { coldStarts } = await import('../measure/cold-start.ts');
    const { onnxruntimeVersion } = await import('../runtime/onnxruntime/session.ts');
    const version = `onnxruntime-node ${await onnxruntimeVersion()}`;
    return { version, benchmark, coldStarts, close: async () => {} };
  },
  async web() {
    const { openWebBenchmark } = await import('../measure/web.ts');
    return openWebBenchmark();
  },
};

interface TimerOptions {
  readonly threads: number;
  /** Whether times measured before hold, and those measured now are kept. Default true. */
  readonly cache?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What times the forms of layers where they will run. */
export async function openTimer(
  runtime: RuntimeName,
  { threads, cache = true, signal }: TimerOptions,
): Promise<{ readonly timer: Timer; close(): Promise<void> }> {
  const { openTimings, temporaryTimings } = await import('../measure/timings.ts');
  const timings = cache ? openTimings() : temporaryTimings();
  const { benchmark, version: engine, close } = await openMeasuring[runtime]();
  return { timer: { benchmark, engine, threads, timings, signal }, close };
}
