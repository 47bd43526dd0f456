import type { FoldOptions } from './fold.ts';

/** Default options of {@link fold}. */
export const foldDefaults = { growth: 1, verify: true } as const satisfies FoldOptions;
