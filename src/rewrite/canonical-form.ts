import { cloneGraph } from '../graph/clone.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { removeDeadNodes } from '../graph/topology.ts';
import { foldBranches } from './rules/fold-branches.ts';
import { inferenceMode } from './rules/inference-mode.ts';
import { inlineFunctions } from './rules/inline-functions.ts';
import { nameUniquely, separateNodes } from './rules/name-uniquely.ts';
import { upgradeOpset } from './rules/upgrade-opset.ts';

/** A network in the one form that every pipeline works on. */
export interface CanonicalForm {
  readonly graph: Graph;
  /** What the user should know of the difference to the file, a line each. */
  readonly notes: readonly string[];
}

/**
 * A copy in the one form that every pipeline works on: opset 18 or later; no initializer among the inputs; functions
 * inlined; the branch that is taken in place of an If whose condition is known; nodes in inference mode; a Sum of two an Add; every node, and
 * every value of every subgraph, with a name of its own. It computes what the given network computes in inference; a
 * canonical network is only copied. Throws `unsupported` where opset 18 has no words for a node.
 */
export function canonicalForm(network: Graph): CanonicalForm {
  const copy = cloneGraph(network);
  fixDefaults(copy);
  const inlined = inlineFunctions(copy);
  const trained = inferenceMode(inlined.graph, inferShapes(inlined.graph));
  const graph = upgradeOpset(inlined.graph);
  const branches = foldKnownBranches(graph);
  nameUniquely(graph);
  for (const node of graph.nodes) if (isSumOfTwo(node)) node.op = 'Add';
  return {
    graph,
    notes: [...trainingNote(trained), ...functionNote(inlined.calls), ...branchNote(branches)],
  };
}

/**
 * The network as its file has it where engines run that for inference; else a copy whose nodes are in inference mode and do
 * not share names, which onnxruntime refuses. What becomes of a network is compared with this.
 */
export function runnableForm(network: Graph): Graph {
  const { graph: copy } = inlineFunctions(cloneGraph(network));
  const renamed = separateNodes(copy);
  const isTrained = trainable(copy) && inferenceMode(copy, inferShapes(copy)).length > 0;
  return renamed > 0 || isTrained ? copy : network;
}

/** Whether a look for training mode is worth it. */
const trainable = ({ nodes }: Graph): boolean =>
  nodes.some(
    (node) => isOperator(node, 'Dropout') || isOperator(node, 'BatchNormalization') || isOperator(node, 'If'),
  );

/** Until IR version 4 every initializer was listed as an input, too: a default that nobody feeds is a constant. */
function fixDefaults(graph: Graph): void {
  const stored = new Set(graph.initializers);
  const fed = graph.inputs.filter((value) => !stored.has(value));
  if (fed.length > 0) graph.inputs = fed;
}

const isSumOfTwo = (node: Node): boolean => isOperator(node, 'Sum') && node.inputs.length === 2;

/** A branch can make further conditions known. */
function foldKnownBranches(graph: Graph): number {
  let folded = 0;
  for (let found = 1; found > 0; folded += found) {
    if (!graph.nodes.some((node) => isOperator(node, 'If'))) break;
    found = foldBranches(graph, inferShapes(graph));
  }
  if (folded > 0) removeDeadNodes(graph);
  return folded;
}

/** Names given before the rest is counted. */
const NAMED = 3;

function trainingNote(labels: readonly string[]): string[] {
  if (labels.length === 0) return [];
  const named = labels.slice(0, NAMED).join(', ');
  const rest = labels.length > NAMED ? ` and ${labels.length - NAMED} more` : '';
  return [`exported in training mode, switched to inference mode: ${named}${rest}`];
}

const functionNote = (calls: number): string[] =>
  calls > 0 ? [`${calls} ${calls === 1 ? 'call' : 'calls'} to functions of the model inlined`] : [];

const branchNote = (branches: number): string[] =>
  branches > 0
    ? [
        `${branches} If ${branches === 1 ? 'node' : 'nodes'} with a known condition replaced by the taken branch`,
      ]
    : [];
