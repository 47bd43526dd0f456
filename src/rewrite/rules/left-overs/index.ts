import type { Rewritten } from '../../../graph/edit/refused.ts';
import type { Graph } from '../../../graph/graph.ts';
import { dropIdentity } from '../identity-elimination.ts';
import { type RewriteRule, rewriteNodes } from '../rewrite-nodes.ts';
import { gatherInto, takeFilters } from './channels.ts';
import { flattenConcat } from './concat.ts';
import { joinGathers } from './gather.ts';
import { joinReshapes } from './reshape.ts';
import { joinTransposes } from './transpose.ts';

/** The rules; the first that applies to a node is used. */
const rules: readonly RewriteRule[] = [
  dropIdentity,
  flattenConcat,
  joinGathers,
  takeFilters,
  gatherInto,
  joinTransposes,
  joinReshapes,
];

/**
 * Removes redundant nodes that exporters and rewrites leave: nodes without effect; nested Concat; consecutive Gather,
 * Transpose or Reshape; and a Gather of channels, which reorders the filters of the Conv before it, or the input channels of
 * the Conv after it.
 */
export const removeLeftOvers = (graph: Graph): Rewritten => rewriteNodes(graph, rules);
