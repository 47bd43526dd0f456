import type { Graph } from '../../graph/graph.ts';
import { zip } from '../../numeric/zip.ts';
import type { PreparedNetwork } from '../prepared-network.ts';
import { type RankingOptions, rankChannels } from '../rank-channels.ts';
import type { GradualOptions } from './controller.ts';

/**
 * Scores the channel sets of a network in training by a criterion that needs no gradients. Units and their sets keep their
 * names and order while the network is reduced.
 */
export function criterionScores(
  { units }: PreparedNetwork,
  options: RankingOptions,
): NonNullable<GradualOptions['score']> {
  return async (network: Graph, removed: ReadonlySet<number>) => {
    const ranked = await rankChannels(network, options);
    const now = new Map(ranked.prepared.units.map((unit) => [unit.name, unit.sets]));
    return new Map(
      units.flatMap(({ name, sets }) => {
        const left = sets.filter((root) => !removed.has(root));
        return zip(left, now.get(name) ?? []).flatMap(([root, own]) => {
          const score = ranked.scores.get(own);
          return score === undefined ? [] : [[root, score] as const];
        });
      }),
    );
  };
}
