import { type Graph, type Node, onlyOutput, type Value } from '../../graph/graph.ts';
import { isOneOf } from '../../graph/operators/index.ts';
import { connections, replaceUses, type ValueUse } from '../../graph/topology.ts';
import { byteSize } from '../../numeric/tensor.ts';

/** Results of at most this many bytes are always stored. */
export const ALWAYS_STORED_BYTES = 1024;

/** Operators that repeat elements. */
const isRepeating = isOneOf('ConstantOfShape', 'Expand', 'Tile');
/** Operators whose result consists of the elements of their first input. */
const isView = isOneOf('Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast', 'Identity');

/**
 * The nodes with constant inputs that should be computed instead of stored: results that are larger than their input by
 * repetition, and copies of a parameter that other nodes read directly.
 */
export function stayingNodes(graph: Graph, foldable: ReadonlySet<Node>): Set<Node> {
  const { uses } = connections(graph);
  const stored = new Set(graph.initializers);
  const isOutside = ({ node }: ValueUse) => !node || !foldable.has(node);
  return new Set(
    [...foldable].filter((node) => {
      const [result] = node.outputs;
      if (node.domain !== '' || !result || !uses.get(result)?.some(isOutside)) return false;
      const bytes = bytesOf(result);
      if (bytes <= ALWAYS_STORED_BYTES) return false;
      if (isRepeating(node)) return bytes > node.inputs.reduce((sum, value) => sum + given(value), 0);
      const [source] = node.inputs;
      if (!isView(node) || !source || !stored.has(source)) return false;
      // Another reader of the parameter, directly or through another view, keeps it in the file.
      return (uses.get(source) ?? []).some(
        (use) => use.node !== node && readsOutside(use, { uses, foldable }),
      );
    }),
  );
}

interface ViewContext {
  readonly uses: ReadonlyMap<Value, readonly ValueUse[]>;
  readonly foldable: ReadonlySet<Node>;
}

/** Whether a use keeps a parameter in the file, directly or through a view that is kept. */
function readsOutside({ node }: ValueUse, { uses, foldable }: ViewContext): boolean {
  if (!node || !foldable.has(node)) return true;
  if (!isView(node)) return false;
  return (uses.get(onlyOutput(node)) ?? []).some((use) => !use.node || !foldable.has(use.node));
}

const given = (value: Value | null): number => (value?.tensor ? byteSize(value.tensor) : 0);

function bytesOf({ dtype, shape }: Value): number {
  const width =
    dtype === 'float64' || dtype === 'int64' || dtype === 'uint64' ? 8 : dtype === 'float16' ? 2 : 4;
  return (shape ?? []).reduce<number>((size, dim) => size * Number(dim), width);
}

/** Merges equal views of a parameter into one node, since each would be folded to a separate copy. */
export function mergeViews(graph: Graph): void {
  const stored = new Set(graph.initializers);
  const numbers = new Map(graph.initializers.map((value, i) => [value, i]));
  const known = new Map<string, Value>();
  const merged = new Set<Node>();
  for (const node of graph.nodes) {
    const [source, ...others] = node.inputs;
    if (!isView(node) || !source || !stored.has(source)) continue;
    const view = onlyOutput(node);
    if (graph.outputs.includes(view)) continue;
    if (!others.every((value) => !value || stored.has(value))) continue;
    const key = JSON.stringify(
      [node.op, numbers.get(source), others.map(contentsOf), node.attributes],
      plain,
    );
    const first = known.get(key);
    if (first) {
      replaceUses(graph, view, first);
      merged.add(node);
    } else known.set(key, view);
  }
  graph.nodes = graph.nodes.filter((node) => !merged.has(node));
}

const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

const contentsOf = (value: Value | null): string =>
  value?.tensor ? Array.from(value.tensor.data, String).join() : '';
