import type { MiddleForm } from './plan.ts';
import type { RemoveResidualsOptions } from './removal.ts';

/** Default options of {@link removeResiduals}. */
export const residualDefaults = {
  middle: 'widen',
  fuse: false,
  verify: true,
} as const satisfies RemoveResidualsOptions;

/** The choices of {@link MiddleForm}. */
export const middles = ['widen', 'concat'] as const satisfies readonly MiddleForm[];
