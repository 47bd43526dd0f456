import { EspalierError } from '../errors.ts';
import { copyGraph } from '../graph/clone.ts';
import {
  type Dim,
  ESPALIER_DOMAIN,
  type Graph,
  type Node,
  nodeLabel,
  type Shape,
  type Value,
} from '../graph/graph.ts';
import { boundSymbols } from '../graph/inputs/input-feeds.ts';
import { knownOperator } from '../graph/operators/index.ts';
import { sizeOfSymbol } from '../graph/shapes/free-size.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import type { DataType } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import type { Executor } from '../runtime/executor.ts';
import { randomFeeds } from './random-feeds.ts';

/** A graph, and lines for users about operators whose shapes could not be determined. */
export interface KnownShapes {
  readonly graph: Graph;
  readonly notes: readonly string[];
}

/**
 * A copy in which outputs of operators without a shape rule have types and shapes measured in an engine. The engine runs the
 * nodes that they depend on with two sizes of each open dimension, to distinguish fixed dimensions from varying ones. Returns
 * the given graph if it has no such operators.
 */
export async function withKnownShapes(given: Graph, executor: Executor): Promise<KnownShapes> {
  if (unknownNodes(given).length === 0) return { graph: given, notes: [] };
  const { graph } = copyGraph(given);
  const notes: string[] = [];
  inferShapes(graph);
  const asked = new Set<Node>();
  for (let [node] = unknownNodes(graph); node; node = unknownNodes(graph).find((next) => !asked.has(next))) {
    asked.add(node);
    const reason = await ask(graph, node, executor);
    if (reason)
      notes.push(
        `${nodeLabel(node)}: its shapes are not known, so that layers that depend on them are not changed: ${reason}`,
      );
    inferShapes(graph);
  }
  return { graph, notes };
}

/** Whether shapes of a graph must be measured in an engine. */
export const hasUnknownShapes = (graph: Graph): boolean => unknownNodes(graph).length > 0;

/** The nodes without a shape rule whose output shapes are not in the file. */
function unknownNodes({ nodes }: Graph): Node[] {
  return nodes.filter(
    (node) =>
      node.domain !== ESPALIER_DOMAIN &&
      !knownOperator(node) &&
      node.outputs.some((value) => value && !value.otherType && !isKnown(value)),
  );
}

const isKnown = ({ dtype, shape }: Value): boolean =>
  dtype !== null && shape !== null && !shape.includes(null);

/** Pairs of sizes to try for open dimensions; the first at which the network runs is used. */
const sizes: readonly (readonly [number, number])[] = [
  [64, 96],
  [32, 64],
  [224, 256],
  [7, 9],
];

/** Measures the outputs of one node and stores their shapes; returns null, or the reason why it failed. */
async function ask(graph: Graph, node: Node, executor: Executor): Promise<string | null> {
  const wanted = node.outputs.flatMap((value) => (value && !value.otherType ? [value] : []));
  let reason = '';
  for (const [size, other] of sizes) {
    try {
      const base = bindingsOf(graph, size);
      const bindings = [
        base,
        ...[...base].map(([symbol, bound]) => varied(base, symbol, otherThan(bound, [size, other]))),
      ];
      const first = await measure(graph, { wanted, executor, bound: base, seed: 2 });
      const others: ShapeTrial[][] = [];
      for (const bound of bindings) others.push(await measure(graph, { wanted, executor, bound }));
      const symbols = [...base.keys(), ...freeSizesOf(node.inputs)];
      for (const [i, [value, trial]] of zip(wanted, first).entries()) {
        value.dtype = trial.dtype;
        value.shape = generalShape(
          trial,
          others.flatMap((trials) => trials[i] ?? []),
          symbols,
        );
      }
      return null;
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      reason ||= error.message;
    }
  }
  return `${reason}; store the shapes in the file (onnx.shape_inference), or exclude the layers that depend on the operator`;
}

const varied = (base: ReadonlyMap<string, number>, symbol: string, size: number) =>
  new Map(base).set(symbol, size);

/** The symbols of sizes computed from open ones. */
const freeSizesOf = (values: readonly (Value | null)[]): string[] =>
  values.flatMap((value) => (value?.shape ?? []).filter((dim) => typeof dim === 'string'));

/** A second size for a dimension: 2 for a batch of 1, the other size of a pair, or twice a given size. */
const otherThan = (bound: number, [size, other]: readonly [number, number]): number =>
  bound === 1 ? 2 : bound === size ? other : 2 * bound;

/** A number for each open dimension of the inputs: the given size, else 1 for the first axis, else `size`. */
function bindingsOf(graph: Graph, size: number): Map<string, number> {
  const bound = new Map(boundSymbols(graph));
  for (const { shape } of graph.inputs)
    shape?.forEach((dim, axis) => {
      if (typeof dim === 'string' && !bound.has(dim)) bound.set(dim, axis === 0 ? 1 : size);
    });
  return bound;
}

interface ShapeRun {
  readonly wanted: readonly Value[];
  readonly executor: Executor;
  readonly bound: ReadonlyMap<string, number>;
  /** Seed of the random feeds: a shape that depends on them is not fixed. */
  readonly seed?: number;
}

/** Runs the nodes that some values depend on. */
async function measure(graph: Graph, { wanted, executor, bound, seed = 1 }: ShapeRun): Promise<ShapeTrial[]> {
  const { graph: copy, copyOfValue } = copyGraph(graph);
  copy.outputs = wanted.map(copyOfValue);
  for (const output of copy.outputs) Object.assign(output, { dtype: null, shape: null });
  removeDeadNodes(copy);
  const read = new Set(copy.nodes.flatMap(({ inputs }) => inputs));
  copy.inputs = copy.inputs.filter((value) => read.has(value));
  for (const input of copy.inputs)
    input.shape = (input.shape ?? []).map((dim, axis) =>
      typeof dim === 'string' ? (bound.get(dim) ?? dim) : (dim ?? input.feed?.shape[axis] ?? 1),
    );
  const program = await executor.compile(copy, { optimization: 'disabled', threads: 1 });
  try {
    const results = await program.run(randomFeeds(copy, { seed, scale: 1 }));
    return copy.outputs.flatMap(({ name }): ShapeTrial[] => {
      const result = results[name];
      return result ? [{ bound, dtype: result.dtype, shape: [...result.shape] }] : [];
    });
  } finally {
    await program.close();
  }
}

/** The type and shape of a value for given sizes of the open dimensions. */
interface ShapeTrial {
  readonly bound: ReadonlyMap<string, number>;
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

/** A shape in which each varying dimension is the symbol that it follows, or null if it follows none. */
function generalShape(first: ShapeTrial, others: readonly ShapeTrial[], symbols: readonly string[]): Shape {
  return first.shape.map((size, axis): Dim => {
    if (others.every(({ shape }) => shape[axis] === size)) return size;
    const follows = (symbol: string) =>
      [first, ...others].every(({ bound, shape }) => sizeOfSymbol(symbol, bound) === shape[axis]);
    return symbols.find(follows) ?? null;
  });
}
