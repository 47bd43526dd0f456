import type { Builder } from '../../../graph/builder.ts';
import type { Node, Value } from '../../../graph/graph.ts';

/** Appends nodes that compute what a node computes; returns the result of the last, or null where the node stays. */
export type Simplification = (node: Node, g: Builder) => Value | null;
