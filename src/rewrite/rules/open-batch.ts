import { type Builder, builderOf } from '../../graph/builder.ts';
import { type Graph, type Node, staticShape, type Value } from '../../graph/graph.ts';
import { attributesOf, isOperator } from '../../graph/operators/index.ts';

/** The fixed batch size of a file, and the size that replaces it. */
interface Rebatched {
  readonly found: number;
  readonly batch: number;
  /** The values that depend on the input with the batch. */
  readonly batched: ReadonlySet<Value>;
}

type Opening = (node: Node, g: Builder, change: Rebatched) => void;

/**
 * Changes constants that contain the file's batch size, in place, in a graph with another batch size and known shapes. A
 * constant that was not the batch leads to shapes that do not fit, which inference reports.
 */
export function openBatch(graph: Graph, input: Value, sizes: Pick<Rebatched, 'found' | 'batch'>): void {
  const change = { ...sizes, batched: dependents(graph, input) };
  const g = builderOf(graph);
  for (const node of [...graph.nodes]) {
    if (node.domain !== '') continue;
    const before = graph.nodes.length;
    openings[node.op]?.(node, g, change);
    // Appended nodes are moved before the node that reads them.
    const added = graph.nodes.splice(before);
    graph.nodes.splice(graph.nodes.indexOf(node), 0, ...added);
  }
}

const openings: Readonly<Record<string, Opening>> = {
  /** The batch becomes -1, or 0, which copies it from the input, if another size is -1 already. */
  Reshape(node, g, { found }) {
    const [x, target] = node.inputs;
    const sizes = numbersOf(target);
    if (!sizes || sizes.length < 2 || sizes[0] !== found || x?.tensor || x?.shape?.[0] !== found) return;
    const copied = sizes.includes(-1);
    if (copied && attributesOf(node, 'Reshape').allowzero === 1) return;
    node.inputs = [x, g.int64s([copied ? 0 : -1, ...sizes.slice(1)]), ...node.inputs.slice(2)];
  },
  /** A row that is repeated for each image. With a batch of 1 this cannot be recognised; see Concat. */
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
  /** An operand that does not depend on the images, such as a class token, is repeated for each image. */
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

/** The input and all values computed from it, except sizes. */
function dependents({ nodes }: Graph, input: Value): ReadonlySet<Value> {
  const found = new Set([input]);
  for (const node of nodes) {
    if (isOperator(node, 'Shape') || !node.inputs.some((value) => value && found.has(value))) continue;
    for (const value of node.outputs) if (value) found.add(value);
  }
  return found;
}
