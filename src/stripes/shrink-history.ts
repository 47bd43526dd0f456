import type { Graph } from '../graph/graph.ts';
import { layerCosts } from '../measure/macs.ts';
import type { Tensors } from '../runtime/executor.ts';
import type { StripeLayer } from './layers.ts';
import { filterShapes, type LayerShapes } from './shapes.ts';
import type { LiveFilters } from './shared/blocks.ts';
import { type LastingDead, lastingDead, type Shrunk, shrinkNetwork, shrinkState } from './shrink.ts';

/** The removals of a run, in order. */
export interface ShrinkHistory {
  /** Removes what is permanently dead; returns null if there is nothing. */
  shrink(network: Graph, state: Tensors): { network: Graph; state: Tensors } | null;
  /** Repeats all removals on the original network. */
  replay(network: Graph): Graph;
  /** The remaining filters of each layer. */
  kept(): LiveFilters;
  /** The fraction of the original MACs that the network in training has, including dead stripes. */
  macsRunning(): number;
  /** The shapes of all filters of the original network; removed filters are dead. */
  shapes(masked: Graph): LayerShapes[];
  /** The dead filters at each removal, in order, for {@link replay}. */
  save(): readonly LastingDead[];
  restore(saved: readonly LastingDead[]): void;
}

export interface ShrinkHistoryOptions {
  /** The layers of the original network. */
  readonly layers: readonly StripeLayer[];
  readonly totalMacs: number;
  /** Layer widths are rounded up to a multiple of this. */
  readonly multiple: number;
}

/** Opens the history of a run that has removed nothing yet. */
export function openShrinkHistory({ layers, totalMacs, multiple }: ShrinkHistoryOptions): ShrinkHistory {
  let history: readonly LastingDead[] = [];
  let kept = allFilters(layers);
  let running = 1;
  const enter = (shrunk: Shrunk) => {
    kept = keptAfter(kept, shrunk);
    running = layerCosts(shrunk.network).reduce((sum, { macs }) => sum + macs, 0) / totalMacs;
  };
  return {
    shrink(network, state) {
      const dead = lastingDead(network, state);
      const shrunk = shrinkNetwork(network, dead, multiple);
      if (!shrunk) return null;
      history = [...history, dead];
      enter(shrunk);
      return { network: shrunk.network, state: shrinkState(state, network, shrunk) };
    },
    replay(network) {
      kept = allFilters(layers);
      return history.reduce((before, dead) => {
        const shrunk = shrinkNetwork(before, dead, multiple);
        if (shrunk) enter(shrunk);
        return shrunk?.network ?? before;
      }, network);
    },
    kept: () => kept,
    macsRunning: () => running,
    shapes: (masked) => originalShapes(filterShapes(masked), layers, kept),
    save: () => history,
    restore: (saved) => {
      history = saved;
    },
  };
}

const allFilters = (layers: readonly StripeLayer[]): LiveFilters =>
  new Map(layers.map(({ weight, filters }) => [weight.name, [...Array(filters).keys()]]));

function keptAfter(before: LiveFilters, { network, cuts }: Shrunk): LiveFilters {
  const left = new Set(network.initializers.map(({ name }) => name));
  const kept = new Map([...before].map(([name, filters]) => [name, left.has(name) ? filters : []]));
  for (const { name, axis, places } of cuts) {
    const filters = axis === 0 ? kept.get(name) : undefined;
    if (filters && left.has(name))
      kept.set(
        name,
        places.map((m) => filters[m]!),
      );
  }
  return kept;
}

/** Adds the removed filters to the shapes of the remaining ones, as dead. */
function originalShapes(
  left: readonly LayerShapes[],
  layers: readonly StripeLayer[],
  kept: LiveFilters,
): LayerShapes[] {
  const found = new Map(left.map((shapes) => [shapes.layer, shapes]));
  return layers.flatMap(({ name, weight, filters, kernel: [kH, kW, ...more] }): LayerShapes[] => {
    const numbers = kept.get(weight.name) ?? [];
    const shapes = found.get(name);
    if (kH === undefined || kW === undefined || more.length > 0) return [];
    if (!shapes && numbers.length > 0) return []; // more positions than a mask can hold
    const masks = new Array<number>(filters).fill(0);
    numbers.forEach((m, i) => {
      masks[m] = shapes!.masks[i]!;
    });
    return [{ layer: name, kernel: [kH, kW], filters, masks }];
  });
}
