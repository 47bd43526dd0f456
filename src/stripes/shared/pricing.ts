import type { StripeLayer } from '../layers.ts';

/** Filters of one layer that share their shape. */
export interface Block {
  /** Their places in the tensors of the layer. */
  readonly places: readonly number[];
  /** The kernel positions that live, ascending; none where the block is dead. */
  readonly living: readonly number[];
}

/** What something that may go stands for. */
export interface Stake {
  /** Σ I² over its stripes. */
  readonly squares: number;
  readonly stripes: number;
  /** Stripes that the layer had at first. */
  readonly ofStripes: number;
  /** What the network costs less without it. */
  readonly saved: number;
}

/** What shared shapes are to lower, and in which order things go for it. */
export interface Pricing {
  /** The cost of the original network, of everything in it. */
  readonly total: number;
  /** What a layer costs with such blocks. */
  cost(layer: StripeLayer, blocks: readonly Block[]): number;
  /** The smallest goes first. */
  rank(stake: Stake): number;
  /** Costs of pieces do not add up: the same side is taken off several blocks at once where that pays more. */
  readonly together: boolean;
}

/** MACs: what goes first is what has the smallest |I|, as where filters share nothing. */
export const macsPricing = (totalMacs: number): Pricing => ({
  total: totalMacs,
  together: false,
  rank: rootMeanSquare,
  cost: ({ macsPerStripe }, blocks) =>
    blocks.reduce((sum, { places, living }) => sum + places.length * living.length, 0) * macsPerStripe,
});

/** |I| of several stripes: the root of the mean of I². */
export const rootMeanSquare = ({ squares, stripes }: Pick<Stake, 'squares' | 'stripes'>): number =>
  Math.sqrt(squares / stripes);
