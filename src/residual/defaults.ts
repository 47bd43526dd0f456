import type { MiddleForm } from './plan.ts';
import type { RemoveResidualsOptions } from './removal.ts';

/** The options of {@link removeResiduals} that are not given. */
export const residualDefaults = {
  middle: 'widen',
  fuse: false,
  verify: true,
} as const satisfies RemoveResidualsOptions;

/** How carried channels get past the convolutions in the middle of a block. */
export const middles = ['widen', 'concat'] as const satisfies readonly MiddleForm[];
