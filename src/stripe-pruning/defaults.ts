import { deployDefaults } from '../deploy/defaults.ts';
import { stripeDefaults } from '../stripes/learning.ts';
import type { StripePruningOptions } from './train-stripes.ts';

/** The options of {@link trainStripes} that are not given, beside those of training. */
export const stripePruningDefaults = {
  ...stripeDefaults,
  form: 'stripe',
  seconds: deployDefaults.seconds,
  verify: true,
} as const satisfies Partial<StripePruningOptions>;
