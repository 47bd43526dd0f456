import { staticShape } from '../../../graph/graph.ts';
import type { Simplification } from './simplification.ts';

/** Replaces a computed shape by a constant if all sizes are known. */
export const knownShape =
  (op: 'Reshape' | 'Expand'): Simplification =>
  ({ inputs: [x, shape], outputs: [y] }, g) =>
    x && y && !shape?.tensor ? g[op](x, g.int64s(staticShape(y))) : null;
