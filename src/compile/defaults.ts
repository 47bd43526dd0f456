import type { CompileHereOptions } from './compile-here.ts';

/** Element types in which weights can be stored; kernels compute in float32. */
export const weightTypes = ['float32', 'float16'] as const;
/** One of the {@link weightTypes}. */
export type WeightType = (typeof weightTypes)[number];

/** Where the tiles of convolutions can be timed, or that they are not. */
export const tuningNames = ['none', 'chromium', 'node'] as const;
/** One of the {@link tuningNames}. */
export type TuningName = (typeof tuningNames)[number];

/** The options of {@link compile} that are not given. */
export const compileDefaults = {
  weights: 'float32',
  verify: true,
  seconds: 1,
  tune: 'none',
  threads: 1,
} as const satisfies CompileHereOptions;
