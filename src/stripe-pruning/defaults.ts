import { deployDefaults } from '../deploy/defaults.ts';
import { stripeDefaults } from '../stripes/learning.ts';
import type { StripePruningOptions } from './train-stripes.ts';

/** Default options of {@link trainStripes}, in addition to those of training. */
export const stripePruningDefaults = {
  ...stripeDefaults,
  form: 'stripe',
  seconds: deployDefaults.seconds,
  verify: true,
} as const satisfies Partial<StripePruningOptions>;
