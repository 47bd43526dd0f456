import { openModule } from './encoder/module.ts';
import type { ModuleKind } from './instantiate.ts';
import { LANES } from './storage.ts';

/** As many accumulators as fit into registers beside two operands, so that multiply-adds do not wait for each other. */
const ACCUMULATORS = 12;

/** Floating-point operations of one iteration of {@link peakModule}. */
export const PEAK_FLOPS = 2 * ACCUMULATORS * LANES;

/**
 * A module that exports `run(iterations)`, a loop of independent multiply-adds. It measures the peak performance of an
 * engine.
 */
export function peakModule(kind: ModuleKind): Uint8Array {
  const module = openModule({ fused: kind === 'relaxed' });
  const loop = module.define({ parameters: ['i32'] }, (code, [count]) => {
    const sums = Array.from({ length: ACCUMULATORS }, () => code.local('v128'));
    const weight = code.local('v128');
    code.f32x4(-0.5);
    code.set(weight);
    code.repeatWhile(() => {
      // Products differ between iterations, so that none can be moved out of the loop.
      for (const sum of sums) code.multiplyAdd(sum, weight, sum);
      code.increment(count, -1);
      code.get(count);
    });
    // The results are used, so that the engine cannot remove the computation.
    for (const sum of sums) {
      code.i32(0);
      code.get(sum);
      code.memory('v128.store');
    }
  });
  module.export('run', loop);
  return module.finish({ pages: 1 }, []);
}
