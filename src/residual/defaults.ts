import type { MiddleForm } from './plan.ts';
import type { PlainFormOptions } from './removal.ts';

/** Default options of {@link plainForm}. */
export const residualDefaults = {
  middle: 'widen',
  fuse: false,
  verify: true,
} as const satisfies Partial<PlainFormOptions>;

/** The choices of {@link MiddleForm}. */
export const middles = ['widen', 'concat'] as const satisfies readonly MiddleForm[];
