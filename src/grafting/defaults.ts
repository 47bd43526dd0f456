import { EspalierError } from '../errors.ts';
import type { GraftLevel, GraftMomentum } from './blend.ts';
import type { GraftSource } from './graft-epoch.ts';
import type { Threshold } from './threshold.ts';

/** Sources of new weights for invalid filters: another network, the network itself, noise, or none, for comparison. */
export const graftSources = [
  'external',
  'internal',
  'noise',
  'none',
] as const satisfies readonly GraftSource[];
export const graftLevels = ['layer', 'filter'] as const satisfies readonly GraftLevel[];
export const graftMomenta = ['keep', 'blend', 'reset'] as const satisfies readonly GraftMomentum[];

/** How the networks of a ring are grafted. */
export interface GraftingOptions {
  /** Default `external`. */
  readonly source?: (typeof graftSources)[number];
  /** With `external`: one blending weight a layer, by entropy, or one a filter, by BatchNormalization's scale. Default `layer`. */
  readonly level?: GraftLevel;
  /** What becomes of the optimiser's momentum of grafted weights. Default `keep`. */
  readonly graftMomentum?: GraftMomentum;
  /** A filter is invalid if its |γ|·Σ|w| is below this; a percentage is one of the mean of its layer. Default 0.01. */
  readonly invalidBelow?: Threshold;
  /** With `noise`: the standard deviation in epoch t is this to the power of t. Default 0.5. */
  readonly noise?: number;
}

/** The options of grafting that are not given. */
export const graftDefaults = {
  source: 'external',
  level: 'layer',
  graftMomentum: 'keep',
  invalidBelow: 1e-2,
  noise: 0.5,
} as const satisfies GraftingOptions;

/** What becomes of the optimiser's momentum where the weights of replicas are averaged. */
export const replicaMomenta = ['average', 'keep', 'reset'] as const;
export type ReplicaMomentum = (typeof replicaMomenta)[number];

/** The options of replicas that are not given. */
export const replicaDefaults = { momentum: 'average' } as const satisfies {
  readonly momentum: ReplicaMomentum;
};

/** Throws `usage` where there are too few networks for a source. */
export function checkGrafting({
  source,
  networks,
}: Pick<GraftingOptions, 'source'> & { networks: number }): void {
  if ((source ?? graftDefaults.source) !== 'external' || networks >= 2) return;
  throw new EspalierError('usage', '`source` external needs `networks` 2 or more');
}
