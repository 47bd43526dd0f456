import type { Places } from '../../channels/select-slices.ts';
import type { Graph } from '../../graph/graph.ts';
import type { PruningUnit } from '../ranking/units.ts';

/** What a mask multiplies: a parameter, or what a node (the one with this first output) reads. */
export type Masked = { readonly parameter: string } | { readonly reader: string; readonly index: number };

/** A tensor of masks, one an element; each is that of a channel set, so that sets may lie in many places. */
export interface MaskPlace {
  /** The name of its state. */
  readonly name: string;
  readonly of: Masked;
  /** As many axes as what is multiplied, over which it is broadcast. */
  readonly shape: readonly number[];
  /** The channel set of each element, row-major. What is no set that may be removed stays 1. */
  readonly sets: readonly number[];
}

/** A network without some channel sets. */
export interface ReducedNetwork {
  readonly network: Graph;
  /** Where the masks of the sets that are left act. */
  readonly places: readonly MaskPlace[];
  /** The places of each parameter of the whole network that are left, by its name and axis, where it lost any. */
  readonly kept: ReadonlyMap<string, Places>;
}

/**
 * The channel sets of a network that gradual pruning masks, one by one, and takes out: all places of a set being 0, the network
 * computes what it does without the set.
 */
export interface PrunableSets {
  /** The sets in groups that are ranked and rounded together; those with a reason are never masked. */
  readonly units: readonly PruningUnit[];
  /** The network without these sets; without none, it is the network that training starts from. */
  without(removed: ReadonlySet<number>): ReducedNetwork;
  /** The sets to mask where `chosen` are to be, `masked` being masked already: all of those, and some of these. */
  permitted(chosen: ReadonlySet<number>, masked: ReadonlySet<number>): ReadonlySet<number>;
  /** Whether a masked set can be taken out of the network while it trains. Default: all can. */
  removable?(set: number): boolean;
}

/** What channel sets cost. */
export interface SetCosts {
  /** The part of the original's cost that is left without these sets, as far as can be told without cutting any. */
  predicted(removed: ReadonlySet<number>): number;
  /** The part that is left, as it is. */
  measured(removed: ReadonlySet<number>): number | Promise<number>;
  /** What one more set would save, by which its score is divided. */
  saving(set: number, removed: ReadonlySet<number>): number;
}
