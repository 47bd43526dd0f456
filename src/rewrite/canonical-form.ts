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

/** A network in canonical form, on which all pipelines work. */
export interface CanonicalForm {
  readonly graph: Graph;
  /** Differences to the file that users should know, one line each. */
  readonly notes: readonly string[];
}

/**
 * Converts a network to canonical form: opset 18 or later; no initializers among the inputs; functions inlined; an If with a
 * known condition replaced by its branch; nodes in inference mode; Sum of two inputs as Add; unique names of all nodes, and
 * of all values across subgraphs. It computes the same as the given network in inference mode. A network that is already
 * canonical is only copied. Throws `unsupported` if a node cannot be expressed in opset 18.
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
 * The network as in the file if engines can run it for inference; else a copy with nodes in inference mode and unique node
 * names, which onnxruntime requires. Results are compared with this form.
 */
export function runnableForm(network: Graph): Graph {
  const { graph: copy } = inlineFunctions(cloneGraph(network));
  const renamed = separateNodes(copy);
  const isTrained = trainable(copy) && inferenceMode(copy, inferShapes(copy)).length > 0;
  return renamed > 0 || isTrained ? copy : network;
}

/** Whether the graph may contain nodes in training mode. */
const trainable = ({ nodes }: Graph): boolean =>
  nodes.some(
    (node) => isOperator(node, 'Dropout') || isOperator(node, 'BatchNormalization') || isOperator(node, 'If'),
  );

/** Turns defaults into constants: up to IR version 3, every initializer had to be listed as an input, too. */
function fixDefaults(graph: Graph): void {
  const stored = new Set(graph.initializers);
  const fed = graph.inputs.filter((value) => !stored.has(value));
  if (fed.length > 0) graph.inputs = fed;
}

const isSumOfTwo = (node: Node): boolean => isOperator(node, 'Sum') && node.inputs.length === 2;

/** Repeated, because a branch can make further conditions known. */
function foldKnownBranches(graph: Graph): number {
  let folded = 0;
  for (let found = 1; found > 0; folded += found) {
    if (!graph.nodes.some((node) => isOperator(node, 'If'))) break;
    found = foldBranches(graph, inferShapes(graph));
  }
  if (folded > 0) removeDeadNodes(graph);
  return folded;
}

/** Number of names that are listed before the rest is only counted. */
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
