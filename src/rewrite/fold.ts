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

/** The rewrites that fold a network. */
export const foldingNames = ['leftovers', 'pad', 'batchnorm', 'branches', 'linear-pairs'] as const;
/** The name of a rewrite that {@link foldNetwork} applies. */
export type FoldingName = (typeof foldingNames)[number];

type Folding = (graph: Graph, options: { readonly growth: number }) => Rewritten;

/** In order of application: each can enable the next, and branches come before the pairs that they could be part of. */
const foldings: { readonly [N in FoldingName]: Folding } = {
  leftovers: removeLeftOvers,
  pad: foldPadding,
  batchnorm: foldBatchNormalization,
  branches: mergeParallelBranches,
  'linear-pairs': mergeLinearPairs,
};

/** Options of {@link foldNetwork}. */
export interface FoldingOptions {
  /** Evaluates constants. */
  readonly executor: Executor;
  /** The rewrites to apply; default: all. */
  readonly only?: readonly FoldingName[];
  /** Merged layers may have up to this many times the multiply-accumulates and weights of their parts; default 1. */
  readonly growth?: number;
}

/** A folded network, and the number of applications of each rewrite. */
export interface Folded extends Rewritten {
  /** Rewritten nodes by rewrite; rewrites that were not requested have no entry. */
  readonly counts: { readonly [N in FoldingName]?: number };
  /** The network with only its constants folded, which may be larger than the given one. */
  readonly withConstants: Graph;
}

/**
 * Folds constants, then applies the rewrites repeatedly until none changes anything; all are exact. Refusals are those of the
 * last round. Throws `runtime` if the executor cannot evaluate the constants.
 */
export async function foldNetwork(
  network: Graph,
  { executor, only = foldingNames, growth = 1 }: FoldingOptions,
): Promise<Folded> {
  const chosen = foldingNames.filter((name) => only.includes(name));
  const counts = Object.fromEntries(chosen.map((name) => [name, 0])) as Record<FoldingName, number>;
  let refusals: Refused[] = [];
  const { graph } = canonicalForm(network);
  // Constant folding also removes redundant nodes, but does not count them.
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
