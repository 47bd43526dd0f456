import type { WebPage } from '../runtime/onnxruntime-web/index.ts';
import { instantiateModule, type ModuleKind } from '../runtime/webassembly/instantiate.ts';
import { PEAK_FLOPS, peakModule } from '../runtime/webassembly/peak.ts';
import type { Runner } from './latency.ts';
import { stopwatch } from './stopwatch.ts';

/** A loop of multiply-adds, ready to be timed: the most that kernels can reach. */
export interface PeakRunner extends Runner {
  /** Its speed where one run takes so long. */
  gflops(ms: number): number;
}

const ITERATIONS = 20_000;

const gflops = (ms: number): number => (PEAK_FLOPS * ITERATIONS) / ms / 1e6;

/** In a page, with relaxed SIMD. */
export async function openPeakIn(page: WebPage): Promise<PeakRunner> {
  const { timeCalls, close } = await page.instantiate(peakModule('relaxed'), []);
  return { time: (n) => timeCalls('run', ITERATIONS, n), gflops, close };
}

/** In this process. */
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
