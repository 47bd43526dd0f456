import type { TrainingOperatorName } from '../../graph/operators/index.ts';
import type { Decompositions } from './decomposition.ts';

/** Steep enough that every normal float32 above 0 is clipped to 1. */
const STEP = 1e38;

/** Gradients of activations. */
export const activationDecompositions = {
  /**
   * y ≥ 0, so that clip(10³⁸·y, 0, 1) is the 0/1 mask in one vectorised pass: with Mul 2.4 ms on 8 MB, against 3.0 for
   * Cast to bool and back, 4.4 for Where(Cast), 4.9 for Where(Greater), 5.1 for Sign.
   */
  ReluGrad: ({ inputs: [dy, y] }, g) => [g.Mul(dy, g.HardSigmoid(y, { alpha: STEP, beta: 0 }))],
} satisfies Partial<Decompositions<TrainingOperatorName>>;
