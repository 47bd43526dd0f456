import type { CompiledNetwork } from '../runtime/webassembly/compile.ts';
import { instantiate, instantiateModule, type ModuleKind } from '../runtime/webassembly/instantiate.ts';
import { PEAK_FLOPS, peakModule } from '../runtime/webassembly/peak.ts';

/** What a compiled network takes in the engine that it was measured in. */
export interface Profile {
  /** Which engine that was, with its version. */
  readonly engine: string;
  readonly module: ModuleKind;
  /** What a loop of multiply-adds reaches. */
  readonly peakGflops: number;
  /** Milliseconds of a run, the shortest of several. */
  readonly ms: number;
  /** The same by step. */
  readonly stepMs: readonly number[];
}

/** Where a network is measured, and for how long. */
export interface ProfileOptions extends Pick<Profile, 'engine' | 'module'> {
  readonly seconds: number;
}

/** Rounds that are left out, in which the engine still compiles. */
const WARMUP = 3;

/**
 * Measures a compiled network in this engine, its steps and the engine's peak in turns, for about so many seconds. Outputs are
 * left undefined.
 */
export async function profileNetwork(
  network: CompiledNetwork,
  { engine, module, seconds }: ProfileOptions,
): Promise<Profile> {
  const { run, step } = await instantiate(network, module);
  const peak = await instantiateModule<{ run(iterations: number): void }>(peakModule(module));
  const subjects = [() => peak.run(PEAK_ITERATIONS), run, ...network.steps.map((_, i) => () => step(i))];
  const shortest = subjects.map(() => Number.POSITIVE_INFINITY);
  const until = performance.now() + 1000 * seconds;
  for (let round = 0; round <= WARMUP || performance.now() < until; round++) {
    for (const [i, subject] of subjects.entries()) {
      const ms = meanMs(subject);
      if (round >= WARMUP) shortest[i] = Math.min(shortest[i]!, ms);
    }
  }
  const [peakMs = 0, ms = 0, ...stepMs] = shortest;
  return { engine, module, peakGflops: (PEAK_FLOPS * PEAK_ITERATIONS) / peakMs / 1e6, ms, stepMs };
}

const PEAK_ITERATIONS = 20_000;

/** A sample takes at least this long: browsers round their clock. */
const SAMPLE_MS = 0.3;

/** The mean milliseconds of as many calls as make a sample. */
function meanMs(call: () => void): number {
  const start = performance.now();
  for (let calls = 1; ; calls++) {
    call();
    const passed = performance.now() - start;
    if (passed >= SAMPLE_MS) return passed / calls;
  }
}
