import type { Graph, Node } from '../graph.ts';

/** The nodes of a graph as a linked list. */
export interface NodeOrder {
  /** Places a node, new or moved, before another. */
  placeBefore(anchor: Node, node: Node): void;
  placeAfter(anchor: Node, node: Node): void;
  remove(node: Node): void;
  has(node: Node): boolean;
  /** The nodes in order. */
  all(): Node[];
}

export function nodeOrderOf({ nodes }: Graph): NodeOrder {
  // null is before the first node and after the last.
  const next = new Map<Node | null, Node | null>();
  const previous = new Map<Node | null, Node | null>();
  const join = (before: Node | null, after: Node | null) => {
    next.set(before, after);
    previous.set(after, before);
  };
  const remove = (node: Node) => {
    if (!next.has(node)) return;
    join(previous.get(node) ?? null, next.get(node) ?? null);
    next.delete(node);
    previous.delete(node);
  };
  const place = (node: Node, before: Node | null, after: Node | null) => {
    join(before, node);
    join(node, after);
  };
  for (const [i, node] of nodes.entries()) join(nodes[i - 1] ?? null, node);
  join(nodes.at(-1) ?? null, null);
  return {
    placeBefore(anchor, node) {
      remove(node);
      place(node, previous.get(anchor) ?? null, anchor);
    },
    placeAfter(anchor, node) {
      remove(node);
      place(node, anchor, next.get(anchor) ?? null);
    },
    remove,
    has: (node) => next.has(node),
    all() {
      const ordered: Node[] = [];
      for (let node = next.get(null); node; node = next.get(node)) ordered.push(node);
      return ordered;
    },
  };
}
