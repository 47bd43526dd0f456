import type { Graph } from '../../../graph/graph.ts';
import type { Rewritten } from '../../pass.ts';
import { type NodeRule, rewriteNodes } from '../rewrite-nodes.ts';
import { mergeConvolutions } from './convolutions.ts';
import { mergeProducts } from './matrices.ts';

export interface GrowthOptions {
  /** What is merged may take this many times the multiply-accumulates of its parts; default 1. */
  readonly growth?: number;
}

/** By the operator of the second layer. */
const rules: Readonly<Record<string, (growth: number) => NodeRule>> = {
  Conv: mergeConvolutions,
  Gemm: mergeProducts,
  MatMul: mergeProducts,
};

/**
 * Merges two layers with nothing between them into one, W = W₂W₁ and b = b₂ + W₂b₁: a 1×1 convolution and another, a
 * convolution and a 1×1, products with constant matrices. Left alone, with reasons: a 1×1 with bias before padding (the
 * padding has no bias), and pairs that are cheaper than what they would become, as bottlenecks are.
 */
export function mergeLinearPairs(graph: Graph, { growth = 1 }: GrowthOptions = {}): Rewritten {
  return rewriteNodes(graph, (node, context) => {
    const rule = node.domain === '' && Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
    return rule ? rule(growth)(node, context) : null;
  });
}
