import type { BlockedLayer, RemovalCandidate } from './removal-candidates.ts';

/** The demand for removal. */
interface DropDemand {
  /** Removes all pieces with |I| at or below this. */
  readonly upTo: number;
  /** In addition, removes pieces of this total cost, lowest rank first. */
  readonly cost: number;
}

interface DropRules {
  offers(layer: BlockedLayer): readonly RemovalCandidate[];
  /** Whether a layer may lose its last block, given the layers that are already dead. */
  mayDie(layer: BlockedLayer, dead: readonly BlockedLayer[]): boolean;
  /** Reassigns the filters of a layer to blocks before it loses its first piece; null keeps the blocks. */
  regroup(layer: BlockedLayer): BlockedLayer | null;
}

/** Removes pieces from blocks until a demand is met. Returns the changed layers. */
export function dropPieces(
  layers: readonly BlockedLayer[],
  { upTo, cost }: DropDemand,
  rules: DropRules,
): BlockedLayer[] {
  const stalls: Stall[] = layers.map((layer) => ({ layer, offers: [...rules.offers(layer)] }));
  const changed = new Set<Stall>();
  let removed = 0;
  for (;;) {
    const chosen = least(stalls, 'size', upTo) ?? (removed < cost ? least(stalls, 'rank') : null);
    if (!chosen) return [...changed].map(({ layer }) => layer);
    const { stall, offer } = chosen;
    const dead = () => stalls.map(({ layer }) => layer).filter(({ blocks }) => isDead(blocks));
    if (isDead(offer.blocks) && !rules.mayDie(stall.layer, dead())) {
      stall.offers = stall.offers.filter((other) => other !== offer);
      continue;
    }
    const regrouped = rules.regroup(stall.layer);
    stall.layer = regrouped ?? { ...stall.layer, blocks: offer.blocks };
    stall.offers = [...rules.offers(stall.layer)];
    if (regrouped) continue;
    removed += offer.saved;
    changed.add(stall);
  }
}

/** A layer with its current removal candidates. */
interface Stall {
  layer: BlockedLayer;
  offers: RemovalCandidate[];
}

/**
 * The candidate with the smallest size or rank, at most `most`; null if there is none. An infinite rank means that nothing is
 * saved.
 */
function least(stalls: readonly Stall[], by: 'size' | 'rank', most = Number.MAX_VALUE) {
  let best: { stall: Stall; offer: RemovalCandidate } | null = null;
  for (const stall of stalls) {
    for (const offer of stall.offers) {
      if (offer[by] <= most && (!best || offer[by] < best.offer[by])) best = { stall, offer };
    }
  }
  return best;
}

const isDead = (blocks: BlockedLayer['blocks']): boolean => blocks.every(({ living }) => living.length === 0);
