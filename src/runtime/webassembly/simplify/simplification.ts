import type { Builder } from '../../../graph/builder.ts';
import type { Node, Value } from '../../../graph/graph.ts';

/** Appends nodes that are equivalent to the given node. Returns the last result, or null if the node is kept. */
export type Simplification = (node: Node, g: Builder) => Value | null;
