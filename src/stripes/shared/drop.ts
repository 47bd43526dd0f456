import type { BlockedLayer, RemovalCandidate } from './removal-candidates.ts';

/** What has to go. */
interface DropDemand {
  /** Whatever has |I| at or under this. */
  readonly upTo: number;
  /** As much of the cost besides, the lowest rank first. */
  readonly cost: number;
}

interface DropRules {
  offers(layer: BlockedLayer): readonly RemovalCandidate[];
  /** Whether a layer may lose its last block, others being without any already. */
  mayDie(layer: BlockedLayer, dead: readonly BlockedLayer[]): boolean;
  /** The layer in other blocks, asked before it loses anything; null: they stay. */
  regroup(layer: BlockedLayer): BlockedLayer | null;
}

/** Takes pieces off blocks until a demand is met: the layers that lost some, as they are then. */
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

/** A layer and what it could lose next. */
interface Stall {
  layer: BlockedLayer;
  offers: RemovalCandidate[];
}

/** The offer that is least in something, at most `most`; null where there is none. What ranks infinite saves nothing. */
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
