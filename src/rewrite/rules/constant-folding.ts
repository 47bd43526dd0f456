import { cloneGraph } from '../../graph/clone.ts';
import { type Dim, type Graph, onlyOutput, type Value } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { payloadBytes } from '../../graph/payload.ts';
import { inferShapes, type KnownElements } from '../../graph/shapes/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { constantAllowance } from '../../numeric/budget.ts';
import { allocate, makeTensor, type Tensor } from '../../numeric/tensor.ts';
import { setElements } from '../../numeric/typed-arrays.ts';
import type { Executor } from '../../runtime/executor.ts';
import { evaluateConstants } from './constant-evaluation.ts';
import { ALWAYS_STORED_BYTES } from './constant-views.ts';
import { foldBranches } from './fold-branches.ts';
import { removeIdentities } from './identity-elimination.ts';

/** Maximum number of rounds: each can make further shapes known, and real networks need two or three. */
const MOST_ROUNDS = 8;

/**
 * Replaces everything that does not depend on inputs by its value: Constant nodes, nodes with only constant inputs (evaluated
 * in one run per round), and contents known by shape inference; an If with a known condition by its branch. Also removes
 * Identity, Dropout and dead nodes. Kept are random and unknown operators, results of more than 1 MiB that are larger than
 * their inputs, and nodes that need too much memory or time. Throws `runtime` if the executor cannot evaluate the constants.
 *
 * @example
 * const folded = await foldConstants(network, onnxruntime);
 */
export async function foldConstants(graph: Graph, executor: Executor): Promise<Graph> {
  const copy = cloneGraph(graph);
  const defaults = copy.initializers.filter((value) => copy.inputs.includes(value));
  const allowance = constantAllowance(payloadBytes(copy));
  let [before, branches] = [Number.POSITIVE_INFINITY, 0];
  for (let round = 0; round < MOST_ROUNDS && (branches > 0 || copy.nodes.length < before); round++) {
    before = copy.nodes.length;
    storeConstants(copy);
    const contents = fixedContents(copy);
    branches = foldBranches(copy, contents);
    storeContents(copy, contents);
    // First, so that views of the same parameter are recognised.
    removeIdentities(copy);
    await evaluateConstants(copy, executor, allowance);
    removeDeadNodes(copy);
  }
  inferShapes(copy);
  // An input whose default was removed has no reader, and must not be required.
  const gone = new Set(defaults.filter((value) => !copy.initializers.includes(value)));
  copy.inputs = copy.inputs.filter((value) => !gone.has(value));
  return copy;
}

/** Turns Constant nodes into initializers. */
function storeConstants(graph: Graph): void {
  inferShapes(graph);
  graph.nodes = graph.nodes.filter((node) => {
    if (!isOperator(node, 'Constant') || !node.outputs[0]?.tensor) return true;
    graph.initializers.push(onlyOutput(node));
    return false;
  });
}

/** Contents known by shape inference without defaults, which feeds could replace. */
function fixedContents(graph: Graph): KnownElements {
  const replaceable = graph.inputs.filter((value) => value.tensor);
  const defaults = replaceable.map((value) => value.tensor);
  for (const value of replaceable) value.tensor = null;
  const contents = inferShapes(graph);
  replaceable.forEach((value, i) => {
    value.tensor = defaults[i]!;
  });
  return contents;
}

/**
 * Turns small, fully inferred tensors into initializers; mostly dimensions. Larger ones are evaluated instead, where a
 * parameter that is read in two shapes is not stored twice.
 */
function storeContents(graph: Graph, contents: KnownElements): void {
  graph.nodes = graph.nodes.filter((node) => {
    const [output, ...others] = node.outputs;
    const tensor = output && others.length === 0 ? tensorOf(output, contents.get(output)) : null;
    if (!output || !tensor) return true;
    output.tensor = tensor;
    graph.initializers.push(output);
    return false;
  });
}

const followed = new Set(['int64', 'int32', 'float32', 'bool'] as const);
type Followed = typeof followed extends Set<infer D> ? D : never;

function tensorOf({ dtype, shape }: Value, contents: readonly Dim[] | undefined): Tensor | null {
  if (!followed.has(dtype as Followed) || !shape?.every((dim) => typeof dim === 'number')) return null;
  if (!contents?.every((element) => typeof element === 'number' && fits(element, dtype as Followed)))
    return null;
  if ((shape as number[]).reduce((a, b) => a * b, 1) !== contents.length) return null;
  const data = allocate(dtype as Followed, shape as number[]);
  if (data.byteLength > ALWAYS_STORED_BYTES) return null;
  setElements(data, (i) => contents[i] as number);
  return makeTensor(dtype as Followed, shape as number[], data);
}

function fits(element: number, dtype: Followed): boolean {
  if (dtype === 'float32') return true;
  return dtype === 'int32' ? (element | 0) === element : Number.isSafeInteger(element);
}
