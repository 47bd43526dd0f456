import { staticShape } from '../../../graph/graph.ts';
import type { Simplification } from './simplification.ts';

/** A shape that is computed is known: what computes it need not run. */
export const knownShape =
  (op: 'Reshape' | 'Expand'): Simplification =>
  ({ inputs: [x, shape], outputs: [y] }, g) =>
    x && y && !shape?.tensor ? g[op](x, g.int64s(staticShape(y))) : null;
