import { EspalierError } from '../../errors.ts';
import { type Graph, nodeLabel } from '../../graph/graph.ts';
import { matcherOf, nameMatcher } from '../../graph/name-globs.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import { layerCosts } from '../../measure/macs.ts';
import { random } from '../../numeric/random.ts';
import { float32Data } from '../../numeric/tensor.ts';
import { zip } from '../../numeric/zip.ts';
import type { PieceCriterion } from '../criteria/names.ts';
import type { RankingScope } from '../ranking/selection.ts';
import type { PruningTarget } from '../ranking/targets.ts';
import { type PieceGranularity, type Pieces, piecesOf } from './elements.ts';
import type { WeightMasks } from './masks.ts';

export interface PiecePruningOptions {
  readonly granularity: PieceGranularity;
  readonly criterion: PieceCriterion;
  readonly scope: RankingScope;
  /** The fraction of elements to remove; or the fraction of MACs or parameters to keep, where zeros do not count. */
  readonly target: PruningTarget;
  /** The smallest fraction of a layer's pieces that is kept. */
  readonly floor: number;
  readonly layerRatios: readonly { readonly glob: string; readonly ratio: number }[];
  readonly seed: number;
  /** Height and width, if the network leaves them open. */
  readonly size?: ImageSize | undefined;
  /** Pieces that earlier steps have removed, which stay removed. */
  readonly before?: WeightMasks;
}

export interface PrunedPieces {
  readonly masks: WeightMasks;
  readonly layers: readonly { readonly name: string; readonly pieces: number; readonly kept: number }[];
  readonly met: boolean;
}

/** The ranked pieces of a layer. */
interface RankedLayer {
  readonly pieces: Pieces;
  readonly scores: Float64Array;
  /** The cost of one piece in the measure of the target. */
  readonly cost: number;
  /** A ratio that applies to this layer only. */
  readonly ratio: number | null;
}

/** The number of pieces to remove from a layer, lowest scores first. */
interface PieceRemoval {
  readonly layer: RankedLayer;
  removed: number;
}

/** Chooses the pieces of weights that become zero. Throws `unsupported` if no layer has any. */
export function prunePieces(graph: Graph, options: PiecePruningOptions): PrunedPieces {
  const globs = options.layerRatios.map(({ glob }) => glob);
  const layers = piecesOf(graph, 'weight').map(({ layer }) => layer);
  matcherOf(globs, layers, { option: 'layerRatios', what: 'layer' });
  const costs = new Map(layerCosts(graph, options).map(({ name, macs }) => [name, macs]));
  const ranked = piecesOf(graph, options.granularity).map((pieces, index): RankedLayer => {
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
  const chosen =
    options.scope === 'local' ? chooseLocally(ranked, wanted) : chooseGlobally(ranked, wanted, options.floor);
  return {
    masks: new Map(chosen.map(({ layer, removed }) => [layer.pieces.weight.name, maskOf(layer, removed)])),
    layers: chosen.map(({ layer: { pieces }, removed }) => ({
      name: pieces.layer,
      pieces: pieces.count,
      kept: pieces.count - removed,
    })),
    met: removedCost(chosen) >= wanted - Math.max(...ranked.map(({ cost }) => cost)),
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

/** The mean magnitude of each piece's elements; negative for pieces that an earlier step removed. */
function pieceScores(
  pieces: Pieces,
  { criterion, seed, before }: PiecePruningOptions,
  index: number,
): Float64Array {
  const scores = new Float64Array(pieces.count);
  const weights = float32Data(pieces.weight.tensor);
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

const total = ({ pieces, cost }: RankedLayer): number => pieces.count * cost;

/** The cost of the network without its pieces. */
function fixedCost(graph: Graph, ranked: readonly RankedLayer[], options: PiecePruningOptions): number {
  const { measure } = options.target;
  if (measure !== 'macs' && measure !== 'parameters') return 0;
  const all = layerCosts(graph, options).reduce((sum, layer) => sum + layer[measure], 0);
  return Math.max(0, all - ranked.reduce((sum, layer) => sum + total(layer), 0));
}

function costToRemove(
  ranked: readonly RankedLayer[],
  { measure, fraction }: PruningTarget,
  fixed: number,
): number {
  const own = ranked.reduce((sum, layer) => sum + total(layer), 0);
  return measure === 'ratio' ? fraction * own : own + fixed - fraction * (own + fixed);
}

/**
 * Removes the same fraction of every layer, except layers with a ratio of their own. Rounding to whole pieces carries over to
 * the next layer, so that the sum is as wanted; if it falls short, single pieces of the lowest cost are added.
 */
function chooseLocally(ranked: readonly RankedLayer[], wanted: number): PieceRemoval[] {
  const bound = ranked.reduce((sum, layer) => sum + (layer.ratio ?? 0) * total(layer), 0);
  const free = ranked.reduce((sum, layer) => sum + (layer.ratio === null ? total(layer) : 0), 0);
  const ratio = free > 0 ? Math.min(1, Math.max(0, (wanted - bound) / free)) : 0;
  let carried = 0;
  const chosen = ranked.map((layer): PieceRemoval => {
    const { ratio: own, cost } = layer;
    const { count } = layer.pieces;
    if (own !== null) return { layer, removed: Math.round(own * count) };
    const exact = ratio * count;
    const rounded = cost > 0 ? Math.round(exact + clampedTo(0.5, carried / cost)) : Math.round(exact);
    const removed = Math.min(count, Math.max(0, rounded));
    carried += (exact - removed) * cost;
    return { layer, removed };
  });
  complete(chosen, wanted);
  return chosen;
}

const clampedTo = (bound: number, value: number): number => Math.min(bound, Math.max(-bound, value));

const removedCost = (chosen: readonly PieceRemoval[]): number =>
  chosen.reduce((sum, { layer, removed }) => sum + layer.cost * removed, 0);

/** Removes single pieces, each the cheapest that suffices, until the wanted cost is removed. */
function complete(chosen: readonly PieceRemoval[], wanted: number): void {
  const free = chosen
    .filter(({ layer: { ratio, cost } }) => ratio === null && cost > 0)
    .sort((a, b) => a.layer.cost - b.layer.cost);
  let missing = wanted - removedCost(chosen);
  const slack = 1e-9 * wanted;
  while (missing > slack) {
    const open = free.filter(({ layer, removed }) => removed < layer.pieces.count);
    const next = open.find(({ layer }) => layer.cost >= missing) ?? open.at(-1);
    if (!next) break;
    next.removed++;
    missing -= next.layer.cost;
  }
}

/** Bisection steps over the range of scores. */
const HALVINGS = 50;

/** Removes all pieces below one score, which is found by bisection; a layer keeps at least its floor. */
function chooseGlobally(ranked: readonly RankedLayer[], wanted: number, floor: number): PieceRemoval[] {
  const sorted = ranked.map((layer) => ({ layer, scores: Float64Array.from(layer.scores).sort() }));
  const chosenBelow = (threshold: number): PieceRemoval[] =>
    sorted.map(({ layer, scores }) => {
      const { ratio, pieces } = layer;
      if (ratio !== null) return { layer, removed: Math.round(ratio * pieces.count) };
      const most = Math.floor((1 - floor) * pieces.count);
      return { layer, removed: Math.min(below(scores, threshold), most) };
    });
  let low = -2;
  let high = Math.max(...sorted.flatMap(({ scores }) => scores.at(-1) ?? [])) * (1 + 1e-9) + 1e-30;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (removedCost(chosenBelow(middle)) >= wanted) high = middle;
    else low = middle;
  }
  return withTies(chosenBelow(low), chosenBelow(high), wanted);
}

/** Of pieces with equal scores, removes only as many as needed, the first layers' first. */
function withTies(
  some: readonly PieceRemoval[],
  all: readonly PieceRemoval[],
  wanted: number,
): PieceRemoval[] {
  let missing = wanted - removedCost(some);
  return zip(some, all).map(([{ layer, removed }, { removed: most }]) => {
    const more = Math.min(most - removed, Math.max(0, Math.ceil(missing / layer.cost - 1e-9)));
    missing -= more * layer.cost;
    return { layer, removed: removed + more };
  });
}

/** The number of elements below a threshold in an ascending list. */
function below(sorted: Float64Array, threshold: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A mask that is 0 at the elements of the `count` pieces with the lowest scores. */
function maskOf({ pieces, scores }: RankedLayer, count: number): Float32Array {
  const mask = new Float32Array(pieces.count * pieces.size).fill(1);
  if (count === 0) return mask;
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]! || a - b);
  const gone = new Uint8Array(pieces.count);
  for (const piece of order.subarray(0, count)) gone[piece] = 1;
  for (let i = 0; i < mask.length; i++) if (gone[pieces.pieceOf(i)]) mask[i] = 0;
  return mask;
}
