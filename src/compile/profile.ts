import { sampleInTurns } from '../measure/rounds.ts';
import type { CompiledNetwork } from '../runtime/webassembly/compile.ts';
import type { ModuleKind } from '../runtime/webassembly/instantiate.ts';
import type { CompiledEngine } from './engines.ts';

/** Times of a compiled network in one engine. */
export interface Profile {
  /** Name and version of the engine. */
  readonly engine: string;
  readonly module: ModuleKind;
  /** Peak performance of the engine: GFLOP/s of a loop of independent multiply-adds. */
  readonly peakGflops: number;
  /** Milliseconds per run: the shortest sample. */
  readonly ms: number;
  /** Milliseconds per step: the shortest sample of each. */
  readonly stepMs: readonly number[];
}

/** Duration of a sample, and of the warm-up in which the engine compiles, in milliseconds. */
const SAMPLING = { sampleMs: 0.5, warmup: 1, warmupMs: 10 };

/**
 * Times a compiled network, each of its steps and the engine's peak performance in alternation, for about the given seconds.
 */
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
