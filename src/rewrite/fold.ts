import type { Refused, Rewritten } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor } from '../runtime/executor.ts';
import { canonicalForm } from './canonical-form.ts';
import { foldBatchNormalization } from './rules/batch-normalization-folding.ts';
import { foldConstants } from './rules/constant-folding.ts';
import { removeLeftOvers } from './rules/left-overs/index.ts';
import { mergeLinearPairs } from './rules/linear-pairs/index.ts';
import { foldPadding } from './rules/padding-folding.ts';
import { mergeParallelBranches } from './rules/parallel-branches/index.ts';

/** The rewrites that fold a network, by name. */
export const foldingNames = ['leftovers', 'pad', 'batchnorm', 'branches', 'linear-pairs'] as const;
/** The name of a rewrite that {@link foldNetwork} applies. */
export type FoldingName = (typeof foldingNames)[number];

type Folding = (graph: Graph, options: { readonly growth: number }) => Rewritten;

/** In this order: each can make way for the next, and branches come before the pairs that they would be part of. */
const foldings: { readonly [N in FoldingName]: Folding } = {
  leftovers: removeLeftOvers,
  pad: foldPadding,
  batchnorm: foldBatchNormalization,
  branches: mergeParallelBranches,
  'linear-pairs': mergeLinearPairs,
};

/** Options of {@link foldNetwork}. */
export interface FoldingOptions {
  /** Evaluates what is constant. */
  readonly executor: Executor;
  /** Default: all. */
  readonly only?: readonly FoldingName[];
  /** Merged layers may take this many times the multiply-accumulates, and the weights, of their parts; default 1. */
  readonly growth?: number;
}

/** A folded network, and how often each rewrite was applied. */
export interface Folded extends Rewritten {
  /** Rewritten nodes by rewrite; those that were not asked for are missing. */
  readonly counts: { readonly [N in FoldingName]?: number };
  /** The network with nothing but its constants folded: those that are computed from others take more room. */
  readonly withConstants: Graph;
}

/**
 * Folds constants, then applies rewrites in turns until none of them finds anything; all are exact. Refusals are what
 * the last turn left alone. Throws `runtime` where the executor cannot evaluate the constants.
 */
export async function foldNetwork(
  network: Graph,
  { executor, only = foldingNames, growth = 1 }: FoldingOptions,
): Promise<Folded> {
  const chosen = foldingNames.filter((name) => only.includes(name));
  const counts = Object.fromEntries(chosen.map((name) => [name, 0])) as Record<FoldingName, number>;
  let refusals: Refused[] = [];
  const { graph } = canonicalForm(network);
  // Folding constants removes what does nothing too, uncounted.
  const early = chosen.includes('leftovers') ? removeLeftOvers(graph) : { graph, changed: 0 };
  if (early.changed > 0) counts.leftovers += early.changed;
  const withConstants = await foldConstants(early.graph, executor);
  let folded = withConstants;
  for (let changed = 1; changed > 0; ) {
    changed = 0;
    refusals = [];
    for (const name of chosen) {
      const result = foldings[name](folded, { growth });
      folded = result.graph;
      counts[name] += result.changed;
      changed += result.changed;
      refusals.push(...result.refusals);
    }
  }
  const changed = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { graph: folded, changed, counts, refusals, withConstants };
}
