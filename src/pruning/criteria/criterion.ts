import type { Calibration } from '../../calibration/calibration.ts';
import type { ChannelCoupling, CoupledLayer } from '../../channels/coupling/scope.ts';
import { isRefusal, type Refusal } from '../../graph/edit/refused.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Connections } from '../../graph/topology.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { CriterionName } from './names.ts';
import type { PassThroughFilters } from './pass-through-filters.ts';
import type { Slices, WeightData } from './slices.ts';

/** What is scored for a channel: the filter that computes it, or the weights that read it. */
export type ScoredSide = 'filters' | 'inputs';

/** One score per filter of the layer, where the lowest is removed first; or the reason why the layer cannot be scored. */
export type LayerScores =
  | {
      readonly scores: Float64Array;
      /** Pass-through filters, which are ranked like the channels that they copy. */
      readonly carrying?: PassThroughFilters;
    }
  | Refusal;

/** Options of {@link scoreLayers}. */
export interface ScoringOptions {
  /** The name of a built-in criterion, or a custom criterion. */
  readonly criterion: CriterionName | Criterion;
  readonly seed: number;
  /** Runs networks on images, for criteria that need them. */
  readonly executor: Executor;
  readonly calibration: Calibration | null;
  /**
   * `filters` scores the filter that computes a channel; `inputs` sums the scores of the weights that read it, over all
   * layers that do. Default 'filters'.
   */
  readonly side?: ScoredSide;
  /** Whether to score W·γ/√(σ² + ε) instead of W if a BatchNormalization follows; this changes the order. */
  readonly foldBatchNormalization?: boolean;
}

/** A layer with its filters as slices of its weight, or the reason why it cannot be scored. */
export interface ScoredLayer {
  readonly layer: CoupledLayer;
  readonly filters: Slices | Refusal;
}

/** The network and options that criteria receive. */
export interface Scoring extends ScoringOptions {
  readonly graph: Graph;
  readonly found: ChannelCoupling;
  readonly links: Connections;
  /** The weights to score, possibly with BatchNormalization folded. */
  readonly weights: WeightData;
  readonly layers: readonly ScoredLayer[];
}

/** The scores of the filters of each layer. */
export type ScoresByLayer = ReadonlyMap<CoupledLayer, LayerScores>;

/**
 * A rule that scores the filters of each layer: built-in, or custom.
 *
 * @example
 * const largest: Criterion = {
 *   name: 'largest-weight',
 *   needs: 'weights',
 *   sides: ['filters'],
 *   score: ({ layers }) => scoreEach(layers, (filters) => largestWeights(filters)),
 * };
 * await prune(network, { macs: 0.5, criterion: largest });
 */
export interface Criterion {
  /** The name in messages. */
  readonly name: string;
  readonly paper?: string;
  /** The data that the criterion needs: only weights, images, or images with labels. */
  readonly needs: 'weights' | 'images' | 'labels';
  readonly sides: readonly ScoredSide[];
  /** Whether scores measure the size of weights, which is meaningless for pass-through filters; default false. */
  readonly weighs?: boolean;
  score(scoring: Scoring): ScoresByLayer | Promise<ScoresByLayer>;
}

/** Scores each layer by its filters. Layers that cannot be scored keep their reason. */
export async function scoreEach(
  layers: readonly ScoredLayer[],
  score: (
    filters: Slices,
    layer: CoupledLayer,
  ) => Promise<LayerScores | Float64Array> | LayerScores | Float64Array,
): Promise<ScoresByLayer> {
  const results = new Map<CoupledLayer, LayerScores>();
  for (const { layer, filters } of layers) {
    const result = isRefusal(filters) ? filters : await score(filters, layer);
    results.set(layer, result instanceof Float64Array ? { scores: result } : result);
  }
  return results;
}

/** Scales numbers ≥ 0 to [0, 1), preserving their order, to break ties between integer scores. */
export function belowOne(numbers: Float64Array): Float64Array {
  const largest = numbers.reduce((most, number) => Math.max(most, number), 0);
  return largest > 0
    ? numbers.map((number) => number / (largest * (1 + 1e-6)))
    : new Float64Array(numbers.length);
}
