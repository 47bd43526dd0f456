import type { Rewritten } from '../../../graph/edit/refused.ts';
import type { Graph } from '../../../graph/graph.ts';
import { rewriteNodes } from '../rewrite-nodes.ts';
import { mergeConvolutions } from './convolutions.ts';
import { mergeProducts } from './matrices.ts';

export interface GrowthOptions {
  /** Merged layers may have up to this many times the multiply-accumulates of their parts; default 1. */
  readonly growth?: number;
}

/**
 * Merges two consecutive layers into one, W = W₂W₁ and b = b₂ + W₂b₁: a convolution before or after a 1×1 convolution, and
 * products with constant matrices. Refused are a 1×1 convolution with bias before padding (the padding has no bias), and
 * pairs that are cheaper than the merged layer, such as bottlenecks.
 */
export const mergeLinearPairs = (graph: Graph, { growth = 1 }: GrowthOptions = {}): Rewritten =>
  rewriteNodes(graph, [mergeConvolutions(growth), mergeProducts(growth)]);
