import { EspalierError } from '../errors.ts';
import { expectOptions, numberIn, type OptionSchemas, oneOf } from '../option-schemas.ts';
import type { TrainOptions } from '../training/options.ts';
import type { GraftLevel, GraftMomentum } from './blend.ts';
import type { GraftSource } from './graft-epoch.ts';
import { type Threshold, thresholdSchema } from './threshold.ts';

/** Sources of new weights for invalid filters: another network, the network itself, noise, or none, for comparison. */
export const graftSources = [
  'external',
  'internal',
  'noise',
  'none',
] as const satisfies readonly GraftSource[];
export const graftLevels = ['layer', 'filter'] as const satisfies readonly GraftLevel[];
export const graftMomenta = ['keep', 'blend', 'reset'] as const satisfies readonly GraftMomentum[];

/** Options of grafting. */
export interface GraftingOptions {
  /** Source of new weights. Default `external`. */
  readonly source?: (typeof graftSources)[number];
  /**
   * For `external`: one blending weight per layer, by entropy, or one per filter, by BatchNormalization's scale. Default
   * `layer`.
   */
  readonly level?: GraftLevel;
  /** What happens to the optimiser's momentum of grafted weights. Default `keep`. */
  readonly graftMomentum?: GraftMomentum;
  /** A filter is invalid if its |γ|·Σ|w| is below this; a percentage is relative to the mean of its layer. Default 0.01. */
  readonly invalidBelow?: Threshold;
  /** For `noise`: a, where aᵗ is the standard deviation in epoch t. Default 0.5. */
  readonly noise?: number;
}

/** Default options of grafting. */
export const graftDefaults = {
  source: 'external',
  level: 'layer',
  graftMomentum: 'keep',
  invalidBelow: 1e-2,
  noise: 0.5,
} as const satisfies GraftingOptions;

/** What happens to the optimiser's momentum when the weights of replicas are averaged. */
export const replicaMomenta = ['average', 'keep', 'reset'] as const;
export type ReplicaMomentum = (typeof replicaMomenta)[number];

/** Default options of replicas. */
export const replicaDefaults = { momentum: 'average' } as const satisfies {
  readonly momentum: ReplicaMomentum;
};

/** Options of training that networks which change one another's weights cannot have. */
type OwnOptions = Pick<TrainOptions, 'ema' | 'stopAfter'>;

/** Throws `usage` for options that networks which train together cannot have. */
export function checkTogether({ ema, stopAfter }: OwnOptions): void {
  const found = ema !== undefined ? '`ema`' : stopAfter !== undefined && '`stopAfter`';
  if (found) throw new EspalierError('usage', `${found}: networks that train together cannot have it`);
}

const schemas: OptionSchemas<GraftingOptions> = {
  source: oneOf(graftSources),
  level: oneOf(graftLevels),
  graftMomentum: oneOf(graftMomenta),
  invalidBelow: thresholdSchema,
  noise: numberIn(0, 1),
};

/** Throws `usage` for an invalid option, if there are too few networks for a source, and as {@link checkTogether}. */
export function checkGrafting(options: GraftingOptions & { networks: number } & OwnOptions): void {
  expectOptions(schemas, options);
  checkTogether(options);
  const { source, networks } = options;
  if ((source ?? graftDefaults.source) !== 'external' || networks >= 2) return;
  throw new EspalierError('usage', '`source` external needs `networks` 2 or more');
}
