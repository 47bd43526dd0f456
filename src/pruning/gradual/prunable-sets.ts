import type { KeptPlaces } from '../../channels/select-slices.ts';
import type { Graph } from '../../graph/graph.ts';
import type { PruningUnit } from '../ranking/units.ts';

/** A value that a mask multiplies: a parameter, or an input of the node that has this first output. */
export type Masked = { readonly parameter: string } | { readonly reader: string; readonly index: number };

/** A tensor of masks, with the channel set of each element. A set may occur in several places. */
export interface MaskPlace {
  /** The name of its training state. */
  readonly name: string;
  readonly of: Masked;
  /** The shape of the masks, with as many axes as the multiplied value, to which it is broadcast. */
  readonly shape: readonly number[];
  /** The channel set of each element, row-major. Elements of sets that cannot be removed stay 1. */
  readonly sets: readonly number[];
}

/** A network without some channel sets. */
export interface ReducedNetwork {
  readonly network: Graph;
  /** The places of the masks of the remaining sets. */
  readonly places: readonly MaskPlace[];
  /** The remaining indices of each parameter of the original network that lost any, by name and axis. */
  readonly kept: KeptPlaces;
}

/**
 * The channel sets that gradual pruning can mask and remove. If all places of a set are 0, the network computes the same as
 * without the set.
 */
export interface PrunableSets {
  /** The sets in groups that are ranked and rounded together; sets with a reason are never masked. */
  readonly units: readonly PruningUnit[];
  /** The network without some sets; if there are none, the network with which training starts. */
  without(removed: ReadonlySet<number>): ReducedNetwork;
  /**
   * The sets to mask when `chosen` are added to `masked`: all of `masked`, and the sets of `chosen` whose masking is allowed.
   */
  permitted(chosen: ReadonlySet<number>, masked: ReadonlySet<number>): ReadonlySet<number>;
  /** Whether a masked set can be removed during training. Default: all can. */
  removable?(set: number): boolean;
}

/** The costs of channel sets. */
export interface SetCosts {
  /** The predicted fraction of the original cost without some sets. */
  predicted(removed: ReadonlySet<number>): number;
  /** The measured fraction of the original cost without some sets. */
  measured(removed: ReadonlySet<number>): number | Promise<number>;
  /** The cost that one more set would save, by which its score is divided. */
  saving(set: number, removed: ReadonlySet<number>): number;
}
