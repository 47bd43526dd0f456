import type { Graph, Node, Value } from '../../graph/graph.ts';
import { isOneOf, isOperator, knownOperator } from '../../graph/operators/index.ts';
import { connections, subgraphs } from '../../graph/topology.ts';
import type { Allowance } from '../../numeric/budget.ts';
import { byteSize, bytesFor, type DataType, elementCount, type Tensor } from '../../numeric/tensor.ts';
import { type Executor, exchangedTypes, type Tensors } from '../../runtime/executor.ts';
import { mergeViews, stayingNodes } from './constant-views.ts';

/** A result beyond this is stored only where it is no larger than what it is made of. */
const LARGEST_RESULT = 1 << 20;

/** Work of one run, after which the time is looked at. */
const WORK_OF_A_RUN = 1e8;

/**
 * Evaluates in place every node that depends on constants alone, as far as the allowance reaches: in one run, or in several
 * where there is much to compute, until the time is over.
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

/** Nodes in their order, cut where a run has work enough. */
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

/** Gives values the contents that a graph computes for them. */
async function store(values: readonly Value[], constants: Graph, executor: Executor): Promise<void> {
  const tensors = await runOnce(constants, executor);
  for (const value of values) {
    value.tensor = tensors[value.name]!;
    value.shape = value.tensor.shape;
  }
}

/** The nodes that are evaluated, each with its work. */
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

/** Operators of the table are, but for those that draw random numbers; those outside it are not known to be. */
function isDeterministic(node: Node): boolean {
  const training = isOperator(node, 'Dropout') && node.inputs[2];
  return (
    node.domain === '' &&
    knownOperator(node) !== null &&
    // Weights that are stored as integers stay integers: engines compute on them, and in float they are four times as large.
    !isOperator(node, 'DequantizeLinear') &&
    subgraphs(node).length === 0 &&
    !training
  );
}

/** The bytes of each output; null where an input is no constant, or a result too large or of unknown size. */
function resultSizes(node: Node, sizes: ReadonlyMap<Value, number>): number[] | null {
  let given = 0;
  // What stands twice among the inputs is held once.
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
  /** Those that are evaluated for others, and stay all the same. */
  readonly staying: ReadonlySet<Node>;
}

/** About how many multiply-accumulates a node takes: of a product, m·k·n = √(m·k · k·n · m·n). */
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

/** What the rest of the graph reads of the foldable nodes. */
function frontier(graph: Graph, { foldable, staying }: Foldable): Value[] {
  const { producer, uses } = connections(graph);
  return [...producer].flatMap(([value, node]) => {
    const readOutside = uses
      .get(value)
      ?.some((use) => !use.node || !foldable.has(use.node) || staying.has(use.node));
    return foldable.has(node) && !staying.has(node) && readOutside ? [value] : [];
  });
}

/** The foldable nodes alone: no inputs, the frontier as outputs. */
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

/** The engine's memory goes with the program. */
const owned = (tensor: Tensor): Tensor => ({ ...tensor, data: tensor.data.slice() });
