import type { WebPage } from '../runtime/onnxruntime-web/index.ts';
import { instantiateModule, type ModuleKind } from '../runtime/webassembly/instantiate.ts';
import { PEAK_FLOPS, peakModule } from '../runtime/webassembly/peak.ts';
import type { Runner } from './rounds.ts';
import { stopwatch } from './stopwatch.ts';

/** A loop of multiply-adds that can be timed: it measures the peak performance of an engine. */
export interface PeakRunner extends Runner {
  /** Performance in GFLOP/s if one run takes `ms` milliseconds. */
  gflops(ms: number): number;
}

const ITERATIONS = 20_000;

const gflops = (ms: number): number => (PEAK_FLOPS * ITERATIONS) / ms / 1e6;

/** Opens the loop in a page, with relaxed SIMD. */
export async function openPeakIn(page: WebPage): Promise<PeakRunner> {
  const { timeCalls, close } = await page.instantiate(peakModule('relaxed'), []);
  return { time: (n) => timeCalls('run', ITERATIONS, n), gflops, close };
}

/** Opens the loop in this process. */
export async function openPeak(kind: ModuleKind): Promise<PeakRunner> {
  const { run } = await instantiateModule<{ run(iterations: number): void }>(peakModule(kind));
  return {
    async time(n) {
      const elapsedMs = stopwatch();
      for (let i = 0; i < n; i++) run(ITERATIONS);
      return elapsedMs() / n;
    },
    gflops,
    close: async () => {},
  };
}
