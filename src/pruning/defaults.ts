import { defined } from '../defined.ts';
import { type PaceRequest, paceOf } from './iterative/pace.ts';
import type { PruningSettings } from './iterative/settings.ts';
import type { ScoreNormalization } from './ranking/score-rules.ts';
import type { PruningTarget } from './ranking/targets.ts';

/** Default settings of pruning. */
export const pruningDefaults = {
  criterion: 'l1-norm',
  granularity: 'filter',
  scope: 'local',
  round: 8,
  floor: 0.1,
  reduce: 'mean',
  steps: 1,
  pace: 'linear',
  until: 0.4,
  maskEvery: 15,
  residual: 'tied',
  carried: 'macs',
  calibrationImages: 1024,
  maskEpochs: 1,
  maskStrength: 0.005,
  maskThreshold: 0.01,
  verify: true,
  seed: 1,
} as const satisfies Partial<PruningSettings>;

/** Defaults of gradual pruning that differ. */
export const gradualDefaults = {
  criterion: 'taylor',
  scope: 'global',
  per: 'macs',
} as const satisfies Partial<PruningSettings>;

/** Completes settings of pruning with the defaults of their pace. */
export function completeSettings(
  target: PruningTarget,
  options: PaceRequest & Partial<PruningSettings>,
): PruningSettings {
  const pace = paceOf(options);
  return {
    ...pruningDefaults,
    ...(pace === 'gradual' && gradualDefaults),
    ...defined(options),
    pace,
    target,
  };
}

/**
 * The default normalisation of scores across layers: none for `bn-scale`, as network slimming compares γ of all layers
 * directly; else `mean`.
 */
export const defaultNormalization = (
  criterion: PruningSettings['criterion'] | undefined,
): ScoreNormalization => (criterion === 'bn-scale' ? 'none' : 'mean');

/** Default peak learning rate and schedule of retraining. */
export const retrainingDefaults = { learningRate: 0.01, schedule: 'cosine' } as const;
