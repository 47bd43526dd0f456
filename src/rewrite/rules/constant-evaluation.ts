import type { Graph, Node, Value } from '../../graph/graph.ts';
import { isOneOf, isOperator, knownOperator } from '../../graph/operators/index.ts';
import { connections, subgraphs } from '../../graph/topology.ts';
import type { Allowance } from '../../numeric/budget.ts';
import { byteSize, bytesFor, type DataType, elementCount, type Tensor } from '../../numeric/tensor.ts';
import { type Executor, exchangedTypes, type Tensors } from '../../runtime/executor.ts';
import { mergeViews, stayingNodes } from './constant-views.ts';

/** Bytes above which a result is stored only if it is no larger than the constants it is computed from. */
const LARGEST_RESULT = 1 << 20;

/** Work per run, after which the time limit is checked. */
const WORK_OF_A_RUN = 1e8;

/**
 * Evaluates, in place, nodes that depend only on constants, within the allowance: in a single run, or in several if there is
 * much to compute.
 */
export async function evaluateConstants(
  graph: Graph,
  executor: Executor,
  allowance: Allowance,
): Promise<void> {
  mergeViews(graph);
  const all = foldableNodes(graph, allowance);
  const staying = stayingNodes(graph, new Set(all.keys()));
  const done = new Set<Node>();
  for (const part of partsOf(all)) {
    if (done.size > 0 && performance.now() > allowance.until) break;
    const results = frontier(graph, { foldable: part, staying });
    for (const node of part) done.add(node);
    const needed = new Set([...done].filter((node) => part.has(node) || staying.has(node)));
    if (results.length > 0) await store(results, constantGraph(graph, needed, results), executor);
    graph.initializers.push(...results);
  }
  graph.nodes = graph.nodes.filter((node) => !done.has(node) || staying.has(node));
}

/** Nodes in order, divided into runs with limited work. */
function partsOf(foldable: ReadonlyMap<Node, number>): Set<Node>[] {
  const parts = [new Set<Node>()];
  let work = 0;
  for (const [node, own] of foldable) {
    if (work > 0 && work + own > WORK_OF_A_RUN) {
      parts.push(new Set());
      work = 0;
    }
    parts.at(-1)!.add(node);
    work += own;
  }
  return parts;
}

/** Sets the contents of values to the results of a graph. */
async function store(values: readonly Value[], constants: Graph, executor: Executor): Promise<void> {
  const tensors = await runOnce(constants, executor);
  for (const value of values) {
    value.tensor = tensors[value.name]!;
    value.shape = value.tensor.shape;
  }
}

/** The nodes to evaluate, with their work. */
function foldableNodes(graph: Graph, allowance: Allowance): Map<Node, number> {
  const fed = new Set(graph.inputs);
  const sizes = new Map<Value, number>();
  for (const value of graph.initializers) {
    if (value.tensor && !fed.has(value)) sizes.set(value, byteSize(value.tensor));
  }
  const foldable = new Map<Node, number>();
  if (performance.now() > allowance.until) return foldable;
  for (const node of graph.nodes) {
    const results = isDeterministic(node) ? resultSizes(node, sizes) : null;
    if (!results) continue;
    const spent = { bytes: results.reduce((sum, size) => sum + size, 0), work: workOf(node) };
    if (spent.bytes > allowance.bytes || spent.work > allowance.work) continue;
    allowance.bytes -= spent.bytes;
    allowance.work -= spent.work;
    foldable.set(node, spent.work);
    node.outputs.forEach((value, i) => value && sizes.set(value, results[i]!));
  }
  return foldable;
}

/** Whether a node has a deterministic operator: known operators, except random ones. */
function isDeterministic(node: Node): boolean {
  const training = isOperator(node, 'Dropout') && node.inputs[2];
  return (
    node.domain === '' &&
    knownOperator(node) !== null &&
    // Weights stored as integers are not dequantised: engines compute with integers, and floats would be four times as large.
    !isOperator(node, 'DequantizeLinear') &&
    subgraphs(node).length === 0 &&
    !training
  );
}

/** The bytes of each output; null if an input is no constant, or a result is too large or of unknown size. */
function resultSizes(node: Node, sizes: ReadonlyMap<Value, number>): number[] | null {
  let given = 0;
  // An input that occurs twice is stored once.
  for (const value of new Set(node.inputs)) {
    const size = value ? sizes.get(value) : 0;
    if (size === undefined) return null;
    given += size;
  }
  const results = node.outputs.map((value) => (value ? bytesOf(value) : 0));
  return results.every((size) => size <= Math.max(LARGEST_RESULT, given)) ? results : null;
}

function bytesOf({ dtype, shape }: Value): number {
  if (!dtype || !exchangedTypes.has(dtype) || !shape?.every((dim) => typeof dim === 'number'))
    return Number.POSITIVE_INFINITY;
  const numeric = dtype as Exclude<DataType, 'string'>;
  return bytesFor(numeric, shape as number[]);
}

interface Foldable {
  readonly foldable: ReadonlySet<Node>;
  /** Nodes that are evaluated for others, but also kept. */
  readonly staying: ReadonlySet<Node>;
}

/** Estimated multiply-accumulates of a node; for a product, m·k·n = √(m·k · k·n · m·n). */
function workOf(node: Node): number {
  const result = Math.max(0, ...node.outputs.map((value) => (value ? countOf(value) : 0)));
  const { kernel_shape: kernel } = node.attributes;
  if (!isProduct(node))
    return result * (kernel?.kind === 'ints' ? elementCount(kernel.value.map(Number)) : 1);
  const [a = 0, b = 0] = node.inputs.map((value) => (value ? countOf(value) : 0));
  return Math.sqrt(a * b * result);
}

const isProduct = isOneOf(
  'Conv',
  'ConvTranspose',
  'ConvInteger',
  'Einsum',
  'Gemm',
  'MatMul',
  'MatMulInteger',
);

const countOf = ({ shape }: Value): number => elementCount((shape ?? []).map((dim) => Number(dim ?? 1)));

/** The outputs of foldable nodes that other nodes read. */
function frontier(graph: Graph, { foldable, staying }: Foldable): Value[] {
  const { producer, uses } = connections(graph);
  return [...producer].flatMap(([value, node]) => {
    const readOutside = uses
      .get(value)
      ?.some((use) => !use.node || !foldable.has(use.node) || staying.has(use.node));
    return foldable.has(node) && !staying.has(node) && readOutside ? [value] : [];
  });
}

/** A graph of the foldable nodes, without inputs, whose outputs are those that other nodes read. */
function constantGraph(graph: Graph, foldable: ReadonlySet<Node>, outputs: Value[]): Graph {
  const nodes = graph.nodes.filter((node) => foldable.has(node));
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const initializers = graph.initializers.filter((value) => read.has(value));
  const { '': opset = 1 } = graph.opsets;
  return { name: 'constants', inputs: [], outputs, initializers, nodes, opsets: { '': opset }, metadata: {} };
}

async function runOnce(graph: Graph, executor: Executor): Promise<Tensors> {
  const program = await executor.compile(graph, { optimization: 'disabled', threads: 1 });
  try {
    const results = Object.entries(await program.run({}));
    return Object.fromEntries(results.map(([name, tensor]): [string, Tensor] => [name, owned(tensor)]));
  } finally {
    await program.close();
  }
}

/** Copies the data, which belong to the engine's program. */
const owned = (tensor: Tensor): Tensor => ({ ...tensor, data: tensor.data.slice() });
