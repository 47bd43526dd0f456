import type { Calibration } from '../../calibration/calibration.ts';
import type { ChannelCoupling, CoupledLayer } from '../../channels/coupling/scope.ts';
import { isRefusal, type Refusal } from '../../graph/edit/refused.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Connections } from '../../graph/topology.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { CriterionName } from './names.ts';
import type { PassThroughFilters } from './pass-through-filters.ts';
import type { Slices, WeightData } from './slices.ts';

/** What is scored of a channel: the filter that makes it, or what the layers that read it do with it. */
export type ScoredSide = 'filters' | 'inputs';

/** One score a filter of the layer, the lowest to go first; or why the layer cannot be scored. */
export type LayerScores =
  | {
      readonly scores: Float64Array;
      /** Filters that rank as the channels that they hand on. */
      readonly carrying?: PassThroughFilters;
    }
  | Refusal;

/** Options of `scoreLayers`. */
export interface ScoringOptions {
  /** A name, or a criterion of the caller's own. */
  readonly criterion: CriterionName | Criterion;
  readonly seed: number;
  /** Runs what a criterion computes on images. */
  readonly executor: Executor;
  readonly calibration: Calibration | null;
  /** Default 'filters'. 'inputs' sums over the layers that read a channel, by the slice of their weights that reads it. */
  readonly side?: ScoredSide;
  /** Scores W·γ/√(σ² + ε) of layers with a BatchNormalization behind them in place of W; changes the order. */
  readonly foldBatchNormalization?: boolean;
}

/** A layer with the slices of its weight that are its filters, or why it has none that can be scored. */
export interface ScoredLayer {
  readonly layer: CoupledLayer;
  readonly filters: Slices | Refusal;
}

/** What criteria see of a network. */
export interface Scoring extends ScoringOptions {
  readonly graph: Graph;
  readonly found: ChannelCoupling;
  readonly links: Connections;
  /** Weights as they are scored. */
  readonly weights: WeightData;
  readonly layers: readonly ScoredLayer[];
}

/** The scores of the filters of each layer. */
export type ScoresByLayer = ReadonlyMap<CoupledLayer, LayerScores>;

/**
 * How filters are scored: a row of the table of criteria, or one of the caller's own.
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
  /** In messages. */
  readonly name: string;
  readonly paper?: string;
  /** Labels come with the images. */
  readonly needs: 'weights' | 'images' | 'labels';
  readonly sides: readonly ScoredSide[];
  /** Whether scores are how large weights are, which says nothing of a filter that hands a channel on; default false. */
  readonly weighs?: boolean;
  score(scoring: Scoring): ScoresByLayer | Promise<ScoresByLayer>;
}

/** Scores layer after layer, by their filters; what has none that can be scored keeps its reason. */
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

/** Numbers ≥ 0 scaled to [0, 1), in their order: they decide between equal integers. */
export function belowOne(numbers: Float64Array): Float64Array {
  const largest = numbers.reduce((most, number) => Math.max(most, number), 0);
  return largest > 0
    ? numbers.map((number) => number / (largest * (1 + 1e-6)))
    : new Float64Array(numbers.length);
}
