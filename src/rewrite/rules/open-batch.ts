import { type Builder, builderOf } from '../../graph/builder.ts';
import { type Graph, type Node, staticShape, type Value } from '../../graph/graph.ts';
import { attributesOf, isOperator } from '../../graph/operators/index.ts';

/** A batch that a file fixes, and the one that takes its place. */
interface Rebatched {
  readonly found: number;
  readonly batch: number;
  /** What depends on the input that has the batch. */
  readonly batched: ReadonlySet<Value>;
}

type Opening = (node: Node, g: Builder, change: Rebatched) => void;

/**
 * Changes constants that hold the batch of a file in place, in a graph that is bound to another; shapes must be known. What is
 * no batch after all does not fit, which shape inference finds.
 */
export function openBatch(graph: Graph, input: Value, sizes: Pick<Rebatched, 'found' | 'batch'>): void {
  const change = { ...sizes, batched: dependents(graph, input) };
  const g = builderOf(graph);
  for (const node of [...graph.nodes]) {
    if (node.domain !== '') continue;
    const before = graph.nodes.length;
    openings[node.op]?.(node, g, change);
    // Nodes that were appended come before the one that reads them.
    const added = graph.nodes.splice(before);
    graph.nodes.splice(graph.nodes.indexOf(node), 0, ...added);
  }
}

const openings: Readonly<Record<string, Opening>> = {
  /** The batch is taken from the input: -1, or 0 where another size is -1 already. */
  Reshape(node, g, { found }) {
    const [x, target] = node.inputs;
    const sizes = numbersOf(target);
    if (!sizes || sizes.length < 2 || sizes[0] !== found || x?.tensor || x?.shape?.[0] !== found) return;
    const copied = sizes.includes(-1);
    if (copied && attributesOf(node, 'Reshape').allowzero === 1) return;
    node.inputs = [x, g.int64s([copied ? 0 : -1, ...sizes.slice(1)]), ...node.inputs.slice(2)];
  },
  /** A row that is repeated for each image: where there is one image, that says nothing, see Concat. */
  Expand(node, g, { found, batch, batched }) {
    const [x, target] = node.inputs;
    const sizes = numbersOf(target);
    if (!sizes || sizes[0] !== found || found === 1 || !x || batched.has(x)) return;
    if (x.shape?.length === sizes.length && x.shape[0] !== 1) return;
    node.inputs = [x, g.int64s([batch, ...sizes.slice(1)])];
  },
  Tile(node, g, { found, batch, batched }) {
    const [x, repeats] = node.inputs;
    const counts = numbersOf(repeats);
    if (!counts || counts[0] !== found || found === 1 || !x || batched.has(x) || x.shape?.[0] !== 1) return;
    node.inputs = [x, g.int64s([batch, ...counts.slice(1)])];
  },
  /** What is no part of the images and stands beside them, a class token, is repeated for each. */
  Concat(node, g, { found, batch, batched }) {
    const axis = attributesOf(node, 'Concat').axis ?? 0;
    const rank = node.inputs[0]?.shape?.length ?? 0;
    const isBatched = (value: Value | null) => value !== null && batched.has(value);
    if (found !== 1 || (axis + rank) % rank === 0 || !node.inputs.some(isBatched)) return;
    node.inputs = node.inputs.map((value) => {
      const isFixed = value?.shape?.every((dim) => typeof dim === 'number');
      if (!value || isBatched(value) || !isFixed || value.shape?.[0] !== 1) return value;
      return g.Expand(value, g.int64s([batch, ...staticShape(value).slice(1)]));
    });
  },
};

const numbersOf = (value: Value | null | undefined): number[] | null =>
  value?.tensor ? Array.from(value.tensor.data as ArrayLike<number | bigint>, Number) : null;

/** The input and all that is computed from it, but for sizes. */
function dependents({ nodes }: Graph, input: Value): ReadonlySet<Value> {
  const found = new Set([input]);
  for (const node of nodes) {
    if (isOperator(node, 'Shape') || !node.inputs.some((value) => value && found.has(value))) continue;
    for (const value of node.outputs) if (value) found.add(value);
  }
  return found;
}
