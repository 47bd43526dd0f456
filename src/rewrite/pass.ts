import { type Graph, type Node, nodeLabel } from '../graph/graph.ts';

/** What a rewrite left alone, and why. */
export interface Refusal {
  readonly where: string;
  readonly reason: string;
}

/** The result of a rewrite: an edited copy of its graph. */
export interface Rewritten {
  readonly graph: Graph;
  /** How many nodes were rewritten; 0: the copy computes node by node what the original does. */
  readonly changed: number;
  readonly refusals: readonly Refusal[];
}

/** A refusal that names a node. */
export const refusal = (node: Node, reason: string): Refusal => ({ where: nodeLabel(node), reason });
