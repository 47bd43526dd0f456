import type { VerifiedFoldOptions } from './fold.ts';

/** Default options of {@link foldAndVerify}. */
export const foldDefaults = { growth: 1, verify: true } as const satisfies Partial<VerifiedFoldOptions>;
