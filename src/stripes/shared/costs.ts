import type { StripeLayer } from '../layers.ts';

/** Filters of one layer that share a shape. */
export interface ShapeBlock {
  /** Their indices in the tensors of the layer. */
  readonly places: readonly number[];
  /** The living kernel positions, ascending; empty if the block is dead. */
  readonly living: readonly number[];
}

/** The effect of removing a candidate. */
export interface RemovalEffect {
  /** Σ I² over the removed stripes. */
  readonly squares: number;
  readonly stripes: number;
  /** Initial number of stripes of the layer. */
  readonly ofStripes: number;
  /** Reduction of the network's cost. */
  readonly saved: number;
}

/** The cost that shared shapes reduce, and the order in which pieces are removed. */
export interface ShapeCosts {
  /** The cost of the original network. */
  readonly total: number;
  /** The cost of a layer with these blocks. */
  ofLayer(layer: StripeLayer, blocks: readonly ShapeBlock[]): number;
  /** The rank of a candidate; the smallest is removed first. */
  rank(stake: RemovalEffect): number;
  /** Whether costs are not additive, so that the same side is removed from several blocks at once if that saves more. */
  readonly together: boolean;
}

/** Cost in MACs: the smallest |I| is removed first, as without shared shapes. */
export const macsCosts = (totalMacs: number): ShapeCosts => ({
  total: totalMacs,
  together: false,
  rank: rootMeanSquare,
  ofLayer: ({ macsPerStripe }, blocks) =>
    blocks.reduce((sum, { places, living }) => sum + places.length * living.length, 0) * macsPerStripe,
});

/** The |I| of several stripes: the root mean square. */
export const rootMeanSquare = ({ squares, stripes }: Pick<RemovalEffect, 'squares' | 'stripes'>): number =>
  Math.sqrt(squares / stripes);
