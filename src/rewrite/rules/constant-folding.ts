import { cloneGraph } from '../../graph/clone.ts';
import { type Dim, type Graph, onlyOutput, type Value } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { payloadBytes } from '../../graph/payload.ts';
import { inferShapes, type KnownElements } from '../../graph/shapes/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { constantAllowance } from '../../numeric/budget.ts';
import { allocate, makeTensor, type Tensor } from '../../numeric/tensor.ts';
import type { Executor } from '../../runtime/executor.ts';
import { evaluateConstants } from './constant-evaluation.ts';
import { SMALL } from './constant-views.ts';
import { foldBranches } from './fold-branches.ts';
import { removeIdentities } from './identity-elimination.ts';

/** Each round can make further shapes known; real networks need two or three. */
const MOST_ROUNDS = 8;

/**
 * Replaces whatever does not depend on the inputs by its value: Constant nodes, all-constant subgraphs (evaluated in
 * one run a round), and what shape inference knows; an If whose condition is known by its branch. Identity, Dropout of
 * inference and dead nodes go too. Untouched are random operators, unknown domains, results of more than 1 MiB that are
 * larger than what they are made of, and what takes too much memory or time.
 * Throws `runtime` where the executor cannot run them.
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
    // Before views of one parameter are compared, and told from those of another.
    removeIdentities(copy);
    await evaluateConstants(copy, executor, allowance);
    removeDeadNodes(copy);
  }
  inferShapes(copy);
  // An input whose default went is read by nobody, and nobody should have to feed it now.
  const gone = new Set(defaults.filter((value) => !copy.initializers.includes(value)));
  copy.inputs = copy.inputs.filter((value) => !gone.has(value));
  return copy;
}

/** Constant nodes become initializers. */
function storeConstants(graph: Graph): void {
  inferShapes(graph);
  graph.nodes = graph.nodes.filter((node) => {
    if (!isOperator(node, 'Constant') || !node.outputs[0]?.tensor) return true;
    graph.initializers.push(onlyOutput(node));
    return false;
  });
}

/** What shape inference knows without the defaults that a feed can replace. */
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
 * What inference knows of a small computed tensor in full becomes an initializer: dimensions, mostly. Larger ones are
 * evaluated, where a parameter that is read in two shapes is not stored in both.
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
  if (data.byteLength > SMALL) return null;
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  contents.forEach((element, i) => {
    if (isBig) data[i] = BigInt(element as number);
    else data[i] = element as number;
  });
  return makeTensor(dtype as Followed, shape as number[], data);
}

function fits(element: number, dtype: Followed): boolean {
  if (dtype === 'float32') return true;
  return dtype === 'int32' ? (element | 0) === element : Number.isSafeInteger(element);
}
