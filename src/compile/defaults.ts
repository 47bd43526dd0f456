import type { CompileHereOptions } from './compile-here.ts';

/** The options of {@link compile} that are not given. */
export const compileDefaults = {
  weights: 'float32',
  verify: true,
  seconds: 1,
} as const satisfies CompileHereOptions;
