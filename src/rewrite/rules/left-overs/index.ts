import type { Graph } from '../../../graph/graph.ts';
import type { Rewritten } from '../../pass.ts';
import { eliminateIdentity } from '../identity-elimination.ts';
import { type NodeRule, rewriteNodes } from '../rewrite-nodes.ts';
import { gatherInto, takeFilters } from './channels.ts';
import { flattenConcat } from './concat.ts';
import { joinGathers } from './gather.ts';
import { joinReshapes } from './reshape.ts';
import { joinTransposes } from './transpose.ts';

/** By the operator of the later node, tried in order. */
const rules: Readonly<Record<string, readonly NodeRule[]>> = {
  Concat: [flattenConcat],
  Gather: [joinGathers, takeFilters],
  Conv: [gatherInto],
  Transpose: [joinTransposes],
  Reshape: [joinReshapes],
};

/**
 * Takes out what exporters and other rewrites leave behind: nodes that do nothing, Concat of Concat, Gather behind
 * Gather, Transpose behind Transpose, Reshape behind Reshape; a Gather of channels becomes another order of the filters
 * of the Conv before it or of the channels of the Conv behind it.
 */
export function removeLeftOvers(graph: Graph): Rewritten {
  return rewriteNodes(graph, (node, context) => {
    if (eliminateIdentity(node, context.graph)) return true;
    const candidates = node.domain === '' && Object.hasOwn(rules, node.op) ? rules[node.op]! : [];
    for (const rule of candidates) {
      const outcome = rule(node, context);
      if (outcome !== null) return outcome;
    }
    return null;
  });
}
