import type { StripeLayer } from '../layers.ts';

/** Filters of one layer that share their shape. */
export interface ShapeBlock {
  /** Their places in the tensors of the layer. */
  readonly places: readonly number[];
  /** The kernel positions that live, ascending; none where the block is dead. */
  readonly living: readonly number[];
}

/** What removing a candidate changes. */
export interface RemovalEffect {
  /** Σ I² over its stripes. */
  readonly squares: number;
  readonly stripes: number;
  /** Stripes that the layer had at first. */
  readonly ofStripes: number;
  /** By how much it lowers the network's cost. */
  readonly saved: number;
}

/** The cost that shared shapes reduce, and the order in which pieces are removed. */
export interface Pricing {
  /** The cost of the original network. */
  readonly total: number;
  /** The cost of a layer with these blocks. */
  cost(layer: StripeLayer, blocks: readonly ShapeBlock[]): number;
  /** The smallest rank is removed first. */
  rank(stake: RemovalEffect): number;
  /** Whether costs of pieces do not add up, so that the same side is removed from several blocks at once where that saves more. */
  readonly together: boolean;
}

/** MACs: the smallest |I| is removed first, as without shared shapes. */
export const macsPricing = (totalMacs: number): Pricing => ({
  total: totalMacs,
  together: false,
  rank: rootMeanSquare,
  cost: ({ macsPerStripe }, blocks) =>
    blocks.reduce((sum, { places, living }) => sum + places.length * living.length, 0) * macsPerStripe,
});

/** |I| of several stripes: the root of the mean of I². */
export const rootMeanSquare = ({ squares, stripes }: Pick<RemovalEffect, 'squares' | 'stripes'>): number =>
  Math.sqrt(squares / stripes);
