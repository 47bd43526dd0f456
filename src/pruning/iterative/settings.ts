import type { ImageSize } from '../../measure/image-size.ts';
import type { Criterion, CriterionName } from '../criteria/index.ts';
import type { PieceGranularity } from '../granularity/elements.ts';
import type { CostShare } from '../ranking/cost-share.ts';
import type { ScoreNormalization, ScoreReduction } from '../ranking/score-rules.ts';
import type { RankingScope, SelectionRules } from '../ranking/selection.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import type { PruningSchedule } from '../schedule.ts';

export const granularities = ['filter', 'channel', 'group', 'stripe', 'weight'] as const;

/**
 * What is removed: `filter`: channels, scored by the filters that compute them; `channel`: channels, scored by the weights
 * that read them; `group` W[:, c, i, j], `stripe` W[m, :, i, j] and `weight`: set to zero.
 */
export type Granularity = (typeof granularities)[number];

export const recoveries = ['recalibrate', 'reconstruct'] as const;

/** What repairs a cut network on images, without labels: BatchNormalization statistics, or weights by least squares. */
export type Recovery = (typeof recoveries)[number];

/** How far, by which scores and in which steps a network is pruned. */
export interface PruningSettings {
  readonly target: PruningTarget;
  /** A criterion's name; `mask` learns the scores in `maskEpochs` of training before each cut. Default `l1-norm`. */
  readonly criterion: CriterionName | Criterion | 'mask';
  /** Default `filter`. */
  readonly granularity: Granularity;
  /** With `group`: W[:, :, i, j] for all c together, so that kernels shrink. */
  readonly wholePositions?: boolean;
  /** `local`: the same fraction of each group of layers; `global`: all channels in one order. Default `local`. */
  readonly scope: RankingScope;
  /** Kept channels of each layer are a multiple of this. Default 8. */
  readonly round: number;
  /** Smallest fraction of a group's channels that is kept. Default 0.1. */
  readonly floor: number;
  /** Globs of layers with ratios of their own; 0 keeps a layer as it is. */
  readonly layerRatios?: SelectionRules['layerRatios'];
  /** Normalisation of scores within a layer. Default `mean`, of `bn-scale` `none`. */
  readonly normalize?: ScoreNormalization | undefined;
  /** How scores of coupled channels become one. Default `mean`. */
  readonly reduce: ScoreReduction;
  /** Divides scores by what a channel costs. Default: not divided. */
  readonly per?: CostShare | null | undefined;
  /** Scores W·γ/√(σ² + ε) in place of W. */
  readonly scoreFolded?: boolean;
  /** Cuts until the target is reached; epochs of retraining are divided among them. Default 1. */
  readonly steps: number;
  /** Default `linear`. */
  readonly pace: PruningSchedule;
  /** After each cut. Default with images: both, where the network is retrained by labels `recalibrate` alone. */
  readonly recover?: readonly Recovery[] | undefined;
  /** Images of criteria and recovery. Default 1024. */
  readonly calibrationImages: number;
  readonly maskEpochs: number;
  /** L1 coefficient of learned masks. */
  readonly maskStrength: number;
  /** A learned mask becomes 0 for good when it falls to this. */
  readonly maskThreshold: number;
  /** Globs of the outputs that are compared. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Compares each cut with the masked network. Default true. */
  readonly verify: boolean;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  readonly seed: number;
}

/** The pieces that are set to zero; null where whole channels are removed. */
export function pieceGranularity({
  granularity,
  wholePositions,
}: Pick<PruningSettings, 'granularity' | 'wholePositions'>): PieceGranularity | null {
  if (granularity === 'filter' || granularity === 'channel') return null;
  return wholePositions ? 'position' : granularity;
}

/** Whether candidates or channel sets are timed. */
export const needsTimer = ({ latency, per }: Pick<PruningSettings, 'per'> & { latency?: number }): boolean =>
  latency !== undefined || per === 'ms';
