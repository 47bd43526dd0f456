import type { DeployHereOptions } from './deploy-here.ts';

/** Default options of {@link deploy}. */
export const deployDefaults = {
  target: 'node',
  threads: 1,
  cache: true,
  seconds: 4,
  verify: true,
} as const satisfies DeployHereOptions;
