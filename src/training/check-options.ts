import * as v from 'valibot';
import {
  below1,
  expectOptions,
  numberIn,
  numberList,
  type OptionSchemas,
  oneOf,
  positive,
  someOf,
  wholeNumber,
} from '../option-schemas.ts';
import type { Distilling } from './open-training.ts';
import { optimizerNames } from './optimizers.ts';
import type { TrainOptions } from './options.ts';
import type { ParameterRole } from './parameters.ts';
import { scheduleNames } from './schedules.ts';

const roles = ['weight', 'bias', 'scale', 'shift'] as const satisfies readonly ParameterRole[];

/** Schemas of the training options that are names or numbers. */
export const trainingSchemas = {
  epochs: wholeNumber(),
  untilStep: wholeNumber(0),
  batch: wholeNumber(),
  seed: wholeNumber(0),
  threads: wholeNumber(),
  optimizer: oneOf(optimizerNames),
  learningRate: v.union([v.literal('auto'), numberIn(0)], "expected a number of at least 0, or 'auto'"),
  momentum: below1,
  weightDecay: numberIn(0),
  noDecayOn: someOf(roles),
  clipNorm: positive,
  schedule: oneOf(scheduleNames),
  milestones: numberList,
  gamma: positive,
  warmupEpochs: numberIn(0),
  labelSmoothing: below1,
  ema: below1,
  stopAfter: wholeNumber(),
  evaluateEvery: wholeNumber(0),
  checkpointSeconds: numberIn(0),
} as const satisfies OptionSchemas<TrainOptions>;

const distillingSchemas = {
  temperature: positive,
  featureWeight: numberIn(0),
  labelWeight: numberIn(0, 1),
} as const satisfies OptionSchemas<Distilling>;

/** Throws `usage` if an option of training is no value of its type, or a number outside its range. */
export function checkTraining(
  options: Partial<TrainOptions> & { readonly distill?: Distilling | undefined },
): void {
  expectOptions<Partial<TrainOptions>>(trainingSchemas, options);
  expectOptions<Distilling>(distillingSchemas, options.distill ?? {});
}
