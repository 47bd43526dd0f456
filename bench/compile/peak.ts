import type { Runner } from '../../src/measure/latency.ts';
import type { WebPage } from '../../src/runtime/onnxruntime-web/index.ts';
import { PEAK_FLOPS, peakModule } from '../../src/runtime/webassembly/peak.ts';

/** A loop of multiply-adds in a page. */
export interface Peak extends Runner {
  /** Its speed where one run of it takes so long. */
  gflops(ms: number): number;
}

const ITERATIONS = 20_000;

export async function openPeak(page: WebPage): Promise<Peak> {
  const { timeCalls, close } = await page.instantiate(peakModule('relaxed'), []);
  return {
    time: (n) => timeCalls('run', ITERATIONS, n),
    gflops: (ms) => (PEAK_FLOPS * ITERATIONS) / ms / 1e6,
    close,
  };
}
