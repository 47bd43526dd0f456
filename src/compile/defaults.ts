import type { CompileHereOptions } from './compile-here.ts';

/** Element types in which a compiled network can store its weights; kernels compute in float32. */
export const weightTypes = ['float32', 'float16'] as const;
/** Element type in which weights are stored: `float32`, or `float16` for half of the bytes. Kernels compute in float32. */
export type WeightType = (typeof weightTypes)[number];

/** Engines in which candidate tiles of convolutions can be timed; `none` predicts the fastest tile instead. */
export const tuningNames = ['none', 'chromium', 'node'] as const;
/** Where the tiles of convolutions are timed: in headless `chromium`, in `node`, or `none` for the built-in choice. */
export type TuningName = (typeof tuningNames)[number];

/** Defaults for the options of {@link compile}. */
export const compileDefaults = {
  weights: 'float32',
  verify: true,
  seconds: 1,
  tune: 'none',
  threads: 1,
} as const satisfies CompileHereOptions;
