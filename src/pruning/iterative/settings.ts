import type { ImageSize } from '../../measure/image-size.ts';
import type { Criterion, CriterionName } from '../criteria/index.ts';
import type { PieceGranularity } from '../granularity/elements.ts';
import type { CostShare } from '../ranking/cost-share.ts';
import type { ScoreNormalization, ScoreReduction } from '../ranking/score-rules.ts';
import type { RankingScope, SelectionRules } from '../ranking/selection.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import { type PruningSchedule, pruningScheduleNames } from '../schedule.ts';

export const granularities = ['filter', 'channel', 'group', 'stripe', 'weight'] as const;

/**
 * What is removed. `filter`: channels, scored by the filters that compute them; `channel`: channels, scored by the weights
 * that read them. `group` W[:, c, i, j], `stripe` W[m, :, i, j] and `weight` are set to zero.
 */
export type Granularity = (typeof granularities)[number];

export const recoveries = ['recalibrate', 'reconstruct'] as const;

/**
 * Recovery of a cut network on images without labels: `recalibrate` BatchNormalization statistics, or `reconstruct` weights
 * by least squares.
 */
export type Recovery = (typeof recoveries)[number];

/** How pruning approaches its target: while the network trains, or in cuts on a schedule. */
export type PruningPace = PruningSchedule | 'gradual';

export const paces: readonly PruningPace[] = ['gradual', ...pruningScheduleNames];

export const residualTies = ['tied', 'untied'] as const;

/** Whether all layers of a residual stream lose the same channels (`tied`), or each layer its own (`untied`). */
export type ResidualTies = (typeof residualTies)[number];

export const rankingScopes = ['local', 'global'] as const satisfies readonly RankingScope[];

export const costShares = ['macs', 'bytes', 'ms'] as const satisfies readonly CostShare[];

export const carriedCosts = ['macs', 'free'] as const;

/**
 * The cost of a channel that a block carries past its layers. `macs`: that of its filters in the plain network, which
 * onnxruntime computes; `free`: none, since a compiled network does not compute them.
 */
export type CarriedCost = (typeof carriedCosts)[number];

/** Settings of pruning: what is removed, how it is scored, and in how many steps. */
export interface PruningSettings {
  readonly target: PruningTarget;
  /** A criterion or its name; `mask` learns scores in `maskEpochs` of training before each cut. Default `l1-norm`. */
  readonly criterion: CriterionName | Criterion | 'mask';
  /** Default `filter`. */
  readonly granularity: Granularity;
  /** With `group`: W[:, :, i, j] for all c together, so that kernels become smaller. */
  readonly wholePositions?: boolean;
  /** `local`: the same fraction of each group of layers; `global`: all channels in one ranking. Default `local`. */
  readonly scope: RankingScope;
  /** The number of kept channels of each layer is a multiple of this. Default 8. */
  readonly round: number;
  /** The smallest fraction of a group's channels that is kept. Default 0.1. */
  readonly floor: number;
  /** Ratios for layers that match globs; 0 keeps a layer unchanged. */
  readonly layerRatios?: SelectionRules['layerRatios'];
  /** Normalisation of scores within a layer. Default `mean`; for `bn-scale` `none`. */
  readonly normalize?: ScoreNormalization | undefined;
  /** How the scores of coupled channels are combined. Default `mean`. */
  readonly reduce: ScoreReduction;
  /** Divides scores by the cost of the channels. Default: null, not divided. */
  readonly per?: CostShare | null | undefined;
  /** Whether to score W·γ/√(σ² + ε) instead of W. Default false. */
  readonly scoreFolded?: boolean;
  /** Number of cuts until the target is reached; retraining epochs are divided among them. Default 1. */
  readonly steps: number;
  /**
   * `gradual`: channels are masked and removed while the network trains; else the schedule of cuts. Default: `gradual` with
   * epochs, unless an option requires cuts; else `linear`.
   */
  readonly pace: PruningPace;
  /** With `gradual`: the fraction of the run after which the target is met. Default 0.4. */
  readonly until: number;
  /** With `gradual`: training steps from one masking to the next. Default 15. */
  readonly maskEvery: number;
  /** With `gradual`: `untied` prunes each layer independently, and removes residual connections at the end. Default `tied`. */
  readonly residual: ResidualTies;
  /** With `untied`. Default `macs`. */
  readonly carried: CarriedCost;
  /** Recovery after each cut. Default with images: both; if the network is retrained with labels, only `recalibrate`. */
  readonly recover?: readonly Recovery[] | undefined;
  /** Number of images for criteria and recovery. Default 1024. */
  readonly calibrationImages: number;
  readonly maskEpochs: number;
  /** L1 coefficient of learned masks. */
  readonly maskStrength: number;
  /** A learned mask becomes 0 permanently once its absolute value is at most this. */
  readonly maskThreshold: number;
  /** Globs of the outputs that are compared. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Whether to compare each cut with the masked network. Default true. */
  readonly verify: boolean;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  readonly seed: number;
}

/** The granularity of zeroed pieces; null if whole channels are removed. */
export function pieceGranularity({
  granularity = 'filter',
  wholePositions,
}: Partial<Pick<PruningSettings, 'granularity' | 'wholePositions'>>): PieceGranularity | null {
  if (granularity === 'filter' || granularity === 'channel') return null;
  return wholePositions ? 'position' : granularity;
}

/** Whether candidates or channel sets are timed. */
export const needsTimer = ({ latency, per }: Pick<PruningSettings, 'per'> & { latency?: number }): boolean =>
  latency !== undefined || per === 'ms';
