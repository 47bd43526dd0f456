import type { Rewritten } from '../../../graph/edit/refused.ts';
import type { Graph } from '../../../graph/graph.ts';
import { dropIdentity } from '../identity-elimination.ts';
import { type RewriteRule, rewriteNodes } from '../rewrite-nodes.ts';
import { gatherInto, takeFilters } from './channels.ts';
import { flattenConcat } from './concat.ts';
import { joinGathers } from './gather.ts';
import { joinReshapes } from './reshape.ts';
import { joinTransposes } from './transpose.ts';

/** The first that finds something at a node decides. */
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
 * Takes out what exporters and other rewrites leave behind: nodes that do nothing, Concat of Concat, Gather behind
 * Gather, Transpose behind Transpose, Reshape behind Reshape; a Gather of channels becomes another order of the filters
 * of the Conv before it or of the channels of the Conv behind it.
 */
export const removeLeftOvers = (graph: Graph): Rewritten => rewriteNodes(graph, rules);
