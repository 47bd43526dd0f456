import type { DeployHereOptions } from './deploy-here.ts';

/** The options of {@link deploy} that are not given. */
export const deployDefaults = {
  target: 'node',
  threads: 1,
  cache: true,
  seconds: 4,
  verify: true,
} as const satisfies DeployHereOptions;
