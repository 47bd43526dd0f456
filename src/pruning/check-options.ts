import * as v from 'valibot';
import {
  expectOptions,
  numberIn,
  type OptionSchemas,
  oneOf,
  someOf,
  wholeNumber,
} from '../option-schemas.ts';
import { criterionChoices } from './criteria/names.ts';
import {
  carriedCosts,
  costShares,
  granularities,
  paces,
  rankingScopes,
  recoveries,
  residualTies,
} from './iterative/settings.ts';
import type { PruneOptions } from './prune.ts';
import {
  normalizations,
  reductions,
  type ScoreNormalization,
  type ScoreReduction,
} from './ranking/score-rules.ts';

const part = numberIn(0, 1);
const named = oneOf(criterionChoices);

/** Schemas of the pruning options that are names or numbers. */
export const pruningSchemas = {
  ratio: part,
  macs: part,
  parameters: part,
  latency: part,
  criterion: v.union([named, v.record(v.string(), v.any())], named.message),
  granularity: oneOf(granularities),
  scope: oneOf(rankingScopes),
  round: wholeNumber(),
  floor: part,
  normalize: oneOf(Object.keys(normalizations) as ScoreNormalization[]),
  reduce: oneOf(Object.keys(reductions) as ScoreReduction[]),
  per: oneOf(costShares),
  steps: wholeNumber(),
  pace: oneOf(paces),
  until: part,
  maskEvery: wholeNumber(),
  residual: oneOf(residualTies),
  carried: oneOf(carriedCosts),
  recover: someOf(recoveries),
  calibrationImages: wholeNumber(),
  maskEpochs: wholeNumber(),
  maskStrength: numberIn(0),
  maskThreshold: numberIn(0),
  seed: wholeNumber(0),
  search: wholeNumber(),
} as const satisfies OptionSchemas<PruneOptions>;

/** Throws `usage` if an option of pruning is no value of its type, or a number outside its range. */
export const checkOptions = (options: PruneOptions): void =>
  expectOptions<PruneOptions>(pruningSchemas, options);
