import { EspalierError } from '../../errors.ts';
import { type Graph, nodeLabel } from '../../graph/graph.ts';
import { matcherOf, nameMatcher } from '../../graph/name-globs.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import { layerCosts } from '../../measure/macs.ts';
import { random } from '../../numeric/random.ts';
import type { PieceCriterion } from '../criteria/names.ts';
import type { RankingScope } from '../ranking/selection.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import { type PieceGranularity, type Pieces, piecesOf } from './elements.ts';
import type { WeightMasks } from './masks.ts';

export interface PiecePruningOptions {
  readonly granularity: PieceGranularity;
  readonly criterion: PieceCriterion;
  readonly scope: RankingScope;
  /** A ratio of the elements; or the part that stays of MACs or parameters, zeros not counted. */
  readonly target: PruningTarget;
  /** The part of a layer's pieces that stays at least. */
  readonly floor: number;
  readonly layerRatios: readonly { readonly glob: string; readonly ratio: number }[];
  readonly seed: number;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Pieces that are gone already, of an earlier step: they stay gone. */
  readonly before?: WeightMasks;
}

export interface PrunedPieces {
  readonly masks: WeightMasks;
  readonly layers: readonly { readonly name: string; readonly pieces: number; readonly kept: number }[];
  readonly met: boolean;
}

/** One layer's pieces, ranked. */
interface Ranked {
  readonly pieces: Pieces;
  readonly scores: Float64Array;
  /** What one piece costs in the measure of the target. */
  readonly cost: number;
  /** A ratio of its own. */
  readonly ratio: number | null;
}

/** Chooses the pieces of the weights that become zero. Throws `unsupported` where no layer has any. */
export function prunePieces(graph: Graph, options: PiecePruningOptions): PrunedPieces {
  const globs = options.layerRatios.map(({ glob }) => glob);
  const layers = piecesOf(graph, 'weight').map(({ layer }) => layer);
  matcherOf(globs, layers, { option: 'layerRatios', what: 'layer' });
  const costs = new Map(layerCosts(graph, options).map(({ name, macs }) => [name, macs]));
  const ranked = piecesOf(graph, options.granularity).map((pieces, index): Ranked => {
    const elements = pieces.count * pieces.size;
    const perElement = options.target.measure === 'macs' ? (costs.get(pieces.layer) ?? 0) / elements : 1;
    const rule = options.layerRatios.find(({ glob }) => nameMatcher(glob)(pieces.layer));
    return {
      pieces,
      scores: pieceScores(pieces, options, index),
      cost: perElement * pieces.size,
      ratio: rule?.ratio ?? null,
    };
  });
  if (ranked.length === 0) throw nothingToPrune(graph, options.granularity);
  const fixed = fixedCost(graph, ranked, options);
  const wanted = costToRemove(ranked, options.target, fixed);
  const counts =
    options.scope === 'local' ? localCounts(ranked, wanted) : globalCounts(ranked, wanted, options.floor);
  const removedCost = ranked.reduce((sum, { cost }, i) => sum + cost * counts[i]!, 0);
  return {
    masks: new Map(ranked.map((layer, i) => [layer.pieces.weight.name, maskOf(layer, counts[i]!)])),
    layers: ranked.map(({ pieces }, i) => ({
      name: pieces.layer,
      pieces: pieces.count,
      kept: pieces.count - counts[i]!,
    })),
    met: removedCost >= wanted - Math.max(...ranked.map(({ cost }) => cost)),
  };
}

function nothingToPrune(graph: Graph, granularity: PieceGranularity): EspalierError {
  const wanted =
    granularity === 'weight'
      ? 'a layer with constant float32 weights'
      : 'a convolution with a kernel above 1×1';
  const [first] = graph.nodes;
  return new EspalierError('unsupported', `expected ${wanted}, found none`, {
    where: graph.name || (first ? nodeLabel(first) : ''),
  });
}

/** The mean magnitude of each piece's elements; below 0 where an earlier step took it. */
function pieceScores(
  pieces: Pieces,
  { criterion, seed, before }: PiecePruningOptions,
  index: number,
): Float64Array {
  const scores = new Float64Array(pieces.count);
  const weights = pieces.weight.tensor!.data as Float32Array;
  const gone = before?.get(pieces.weight.name);
  if (criterion === 'random') {
    const { uniform } = random(seed, index);
    for (let piece = 0; piece < scores.length; piece++) scores[piece] = uniform();
  } else {
    const square = criterion === 'l2-norm';
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i]!;
      scores[pieces.pieceOf(i)]! += square ? w * w : Math.abs(w);
    }
    for (let piece = 0; piece < scores.length; piece++)
      scores[piece] = square ? Math.sqrt(scores[piece]! / pieces.size) : scores[piece]! / pieces.size;
  }
  if (gone) for (let i = 0; i < gone.length; i++) if (gone[i] === 0) scores[pieces.pieceOf(i)] = -1;
  return scores;
}

const total = ({ pieces, cost }: Ranked): number => pieces.count * cost;

/** What the network costs beside the pieces. */
function fixedCost(graph: Graph, ranked: readonly Ranked[], options: PiecePruningOptions): number {
  const { measure } = options.target;
  if (measure !== 'macs' && measure !== 'parameters') return 0;
  const all = layerCosts(graph, options).reduce((sum, layer) => sum + layer[measure], 0);
  return Math.max(0, all - ranked.reduce((sum, layer) => sum + total(layer), 0));
}

function costToRemove(
  ranked: readonly Ranked[],
  { measure, fraction }: PruningTarget,
  fixed: number,
): number {
  const own = ranked.reduce((sum, layer) => sum + total(layer), 0);
  return measure === 'ratio' ? fraction * own : own + fixed - fraction * (own + fixed);
}

/**
 * The same part of every layer; of those with a ratio of their own, that. Rounding to whole pieces carries over to the
 * next layer, so that the sum is as wanted; where it is not reached, single pieces of the least cost are added.
 */
function localCounts(ranked: readonly Ranked[], wanted: number): number[] {
  const bound = ranked.reduce((sum, layer) => sum + (layer.ratio ?? 0) * total(layer), 0);
  const free = ranked.reduce((sum, layer) => sum + (layer.ratio === null ? total(layer) : 0), 0);
  const ratio = free > 0 ? Math.min(1, Math.max(0, (wanted - bound) / free)) : 0;
  let carried = 0;
  const counts = ranked.map(({ ratio: own, pieces: { count }, cost }) => {
    if (own !== null) return Math.round(own * count);
    const exact = ratio * count;
    const rounded = cost > 0 ? Math.round(exact + clampedTo(0.5, carried / cost)) : Math.round(exact);
    const taken = Math.min(count, Math.max(0, rounded));
    carried += (exact - taken) * cost;
    return taken;
  });
  return complete(counts, ranked, wanted);
}

const clampedTo = (bound: number, value: number): number => Math.min(bound, Math.max(-bound, value));

/** Takes single pieces, the cheapest first that suffices, until as much goes as is wanted. */
function complete(counts: readonly number[], ranked: readonly Ranked[], wanted: number): number[] {
  const completed = [...counts];
  let missing = wanted - ranked.reduce((sum, { cost }, i) => sum + cost * counts[i]!, 0);
  const slack = 1e-9 * wanted;
  while (missing > slack) {
    const open = [...ranked.keys()].filter((i) => {
      const { ratio, pieces, cost } = ranked[i]!;
      return ratio === null && cost > 0 && completed[i]! < pieces.count;
    });
    open.sort((a, b) => ranked[a]!.cost - ranked[b]!.cost);
    const next = open.find((i) => ranked[i]!.cost >= missing) ?? open.at(-1);
    if (next === undefined) break;
    completed[next]!++;
    missing -= ranked[next]!.cost;
  }
  return completed;
}

/** Halvings of the range of scores. */
const HALVINGS = 50;

/** All pieces below one score, found by bisection; a layer keeps its floor. */
function globalCounts(ranked: readonly Ranked[], wanted: number, floor: number): number[] {
  const sorted = ranked.map(({ scores }) => Float64Array.from(scores).sort());
  const countsBelow = (threshold: number) =>
    ranked.map(({ ratio, pieces }, i) => {
      if (ratio !== null) return Math.round(ratio * pieces.count);
      return Math.min(below(sorted[i]!, threshold), Math.floor((1 - floor) * pieces.count));
    });
  const costBelow = (threshold: number) =>
    countsBelow(threshold).reduce((sum, count, i) => sum + count * ranked[i]!.cost, 0);
  let low = -2;
  let high = Math.max(...sorted.map((scores) => scores.at(-1)!)) * (1 + 1e-9) + 1e-30;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (costBelow(middle) >= wanted) high = middle;
    else low = middle;
  }
  return withTies(ranked, { some: countsBelow(low), all: countsBelow(high), wanted });
}

/** Of pieces of equal score only as many as it takes, the first layers' first. */
function withTies(
  ranked: readonly Ranked[],
  {
    some,
    all,
    wanted,
  }: { readonly some: readonly number[]; readonly all: readonly number[]; readonly wanted: number },
): number[] {
  let missing = wanted - some.reduce((sum, count, i) => sum + count * ranked[i]!.cost, 0);
  return some.map((count, i) => {
    const { cost } = ranked[i]!;
    const more = Math.min(all[i]! - count, Math.max(0, Math.ceil(missing / cost - 1e-9)));
    missing -= more * cost;
    return count + more;
  });
}

/** How many of ascending numbers are below one. */
function below(sorted: Float64Array, threshold: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** 0 at the elements of the `count` pieces of lowest score. */
function maskOf({ pieces, scores }: Ranked, count: number): Float32Array {
  const mask = new Float32Array(pieces.count * pieces.size).fill(1);
  if (count === 0) return mask;
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]! || a - b);
  const gone = new Uint8Array(pieces.count);
  for (const piece of order.subarray(0, count)) gone[piece] = 1;
  for (let i = 0; i < mask.length; i++) if (gone[pieces.pieceOf(i)]) mask[i] = 0;
  return mask;
}
