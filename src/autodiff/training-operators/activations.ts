import type { TrainingOperatorName } from '../../graph/operators/index.ts';
import type { Decompositions } from './decomposition.ts';

/** Steep enough that every normal float32 above 0 is clipped to 1. */
const STEP = 1e38;

/** Gradients of activations. */
export const activationDecompositions = {
  /**
   * y ≥ 0, so that clip(10³⁸·y, 0, 1) is the 0/1 mask in one vectorised pass. Relu and its gradient on 8 MB: 1.7 ms,
   * against 2.2 with Cast to bool and back, 4.6 with Where or Sign.
   */
  ReluGrad: ({ inputs: [dy, y] }, g) => [g.Mul(dy, g.HardSigmoid(y, { alpha: STEP, beta: 0 }))],
} satisfies Partial<Decompositions<TrainingOperatorName>>;
