import type { FoldOptions } from './fold.ts';

/** The options of {@link fold} that are not given. */
export const foldDefaults = { growth: 1, verify: true } as const satisfies FoldOptions;
