import type { StripeLayer } from '../layers.ts';
import type { SharedShape } from '../learning.ts';
import { type RemovalEffect, rootMeanSquare, type ShapeBlock, type ShapeCosts } from './costs.ts';
import { type Piece, sharedShapeRules } from './pieces.ts';

/** A layer as blocks, in one state of training. */
export interface BlockedLayer {
  readonly layer: StripeLayer;
  /** I [M, kH, kW] of the remaining filters. */
  readonly skeleton: Float32Array;
  readonly blocks: readonly ShapeBlock[];
}

/** A candidate for removal: the blocks of the layer without it, and the effect. */
export interface RemovalCandidate {
  readonly blocks: readonly ShapeBlock[];
  readonly saved: number;
  /** Root mean square |I| of the removed stripes. */
  readonly size: number;
  readonly rank: number;
}

/** The removal candidates of a layer. */
export function removalCandidates(
  blocked: BlockedLayer,
  shape: SharedShape,
  costs: ShapeCosts,
): RemovalCandidate[] {
  const { layer, blocks } = blocked;
  const before = costs.ofLayer(layer, blocks);
  const bySide = new Map<number, CandidatePiece[]>();
  for (const [index, block] of blocks.entries()) {
    for (const piece of sharedShapeRules[shape](block.living, layer.kernel)) {
      const taken = { index, piece, ...pieceMagnitude(blocked, block, piece) };
      bySide.set(piece.side, [...(bySide.get(piece.side) ?? []), taken]);
    }
  }
  return [...bySide.values()].flatMap((taken) =>
    choices(taken, costs).map((pieces) => {
      const left = without(blocks, pieces);
      const saved = before - costs.ofLayer(layer, left);
      const stake = { ...sumOf(pieces), ofStripes: layer.stripes, saved };
      return { blocks: left, saved, size: rootMeanSquare(stake), rank: costs.rank(stake) };
    }),
  );
}

/** A piece of the block with a given index. */
interface CandidatePiece extends Pick<RemovalEffect, 'squares' | 'stripes'> {
  readonly index: number;
  readonly piece: Piece;
}

function pieceMagnitude({ layer, skeleton }: BlockedLayer, { places }: ShapeBlock, { positions }: Piece) {
  const size = layer.kernel.reduce((a, b) => a * b, 1);
  let squares = 0;
  for (const place of places) for (const p of positions) squares += skeleton[place * size + p]! ** 2;
  return { squares, stripes: places.length * positions.length };
}

/** Pieces of one side that are removed together: each by itself, or the weakest of several blocks. */
function choices(
  taken: readonly CandidatePiece[],
  { together }: ShapeCosts,
): readonly (readonly CandidatePiece[])[] {
  if (!together) return taken.map((one) => [one]);
  const weakest = [...taken].sort((a, b) => a.squares / a.stripes - b.squares / b.stripes);
  return weakest.map((_, i) => weakest.slice(0, i + 1));
}

function without(blocks: readonly ShapeBlock[], pieces: readonly CandidatePiece[]): ShapeBlock[] {
  const left = [...blocks];
  for (const { index, piece } of pieces) {
    const { places, living } = left[index]!;
    left[index] = { places, living: living.filter((position) => !piece.positions.includes(position)) };
  }
  return left;
}

const sumOf = (pieces: readonly CandidatePiece[]) => ({
  squares: pieces.reduce((sum, { squares }) => sum + squares, 0),
  stripes: pieces.reduce((sum, { stripes }) => sum + stripes, 0),
});
