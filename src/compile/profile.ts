import { sampleInTurns } from '../measure/latency.ts';
import type { CompiledNetwork } from '../runtime/webassembly/compile.ts';
import type { ModuleKind } from '../runtime/webassembly/instantiate.ts';
import type { CompiledEngine } from './engines.ts';

/** What a compiled network takes in the engine that it was measured in. */
export interface Profile {
  /** Which engine that was, with its version. */
  readonly engine: string;
  readonly module: ModuleKind;
  /** What a loop of multiply-adds reaches. */
  readonly peakGflops: number;
  /** Milliseconds of a run, the shortest sample. */
  readonly ms: number;
  /** The same by step. */
  readonly stepMs: readonly number[];
}

/** Milliseconds of a sample, and of a warm-up, in which the engine compiles. */
const SAMPLING = { sampleMs: 0.5, warmup: 1, warmupMs: 10 };

/** Measures a compiled network, each of its steps and the engine's peak in turns, for about so many seconds. */
export async function profileNetwork(
  network: CompiledNetwork,
  { engine, module, openCompiled, openPeak }: CompiledEngine,
  seconds: number,
): Promise<Profile> {
  const [runner, peak] = [await openCompiled(network), await openPeak()];
  try {
    const steps = network.steps.map((_, i) => ({
      ...runner,
      time: (n: number) => runner.timeStep(i, n),
    }));
    const samples = await sampleInTurns([peak, runner, ...steps], { ...SAMPLING, seconds });
    const [peakMs = 0, ms = 0, ...stepMs] = samples.map((each) => Math.min(...each));
    return { engine, module, peakGflops: peak.gflops(peakMs), ms, stepMs };
  } finally {
    for (const each of [runner, peak]) await each.close();
  }
}
