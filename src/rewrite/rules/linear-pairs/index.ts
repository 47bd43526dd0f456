import type { Rewritten } from '../../../graph/edit/refused.ts';
import type { Graph } from '../../../graph/graph.ts';
import { rewriteNodes } from '../rewrite-nodes.ts';
import { mergeConvolutions } from './convolutions.ts';
import { mergeProducts } from './matrices.ts';

export interface GrowthOptions {
  /** What is merged may take this many times the multiply-accumulates of its parts; default 1. */
  readonly growth?: number;
}

/**
 * Merges two layers with nothing between them into one, W = W₂W₁ and b = b₂ + W₂b₁: a 1×1 convolution and another, a
 * convolution and a 1×1, products with constant matrices. Left alone, with reasons: a 1×1 with bias before padding (the
 * padding has no bias), and pairs that are cheaper than what they would become, as bottlenecks are.
 */
export const mergeLinearPairs = (graph: Graph, { growth = 1 }: GrowthOptions = {}): Rewritten =>
  rewriteNodes(graph, [mergeConvolutions(growth), mergeProducts(growth)]);
