import { EspalierError } from '../../errors.ts';
import { type Builder, builderOf } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import { ESPALIER_DOMAIN, type Graph, type Node, type Value } from '../../graph/graph.ts';
import { callOf } from '../../graph/operators/call.ts';
import { knownOperator, type TrainingOperatorName } from '../../graph/operators/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { refusal } from '../call.ts';
import { activationDecompositions } from './activations.ts';
import { convolutionDecompositions } from './convolution.ts';
import type { Decomposition, Decompositions } from './decomposition.ts';
import { lossDecompositions } from './losses.ts';
import { normalizationDecompositions } from './normalization.ts';
import { optimizerDecompositions } from './optimizers.ts';
import { poolingDecompositions } from './pooling.ts';
import { resamplingDecompositions } from './resampling.ts';

/** One row per training operator; a missing one does not compile. */
export const decompositions: Decompositions<TrainingOperatorName> = {
  ...activationDecompositions,
  ...convolutionDecompositions,
  ...normalizationDecompositions,
  ...poolingDecompositions,
  ...resamplingDecompositions,
  ...lossDecompositions,
  ...optimizerDecompositions,
};

/** The first opset in which the axes of all reductions are inputs. */
const LEAST_OPSET = 18;

/**
 * Replaces training operators by ONNX operators (opset 18 or later), so that any engine can run the result. Returns a copy
 * with the same names of inputs and outputs. Throws `shape` if shapes are not fixed.
 */
export function decompose(graph: Graph): Graph {
  const result = cloneGraph(graph);
  const { nodes, opsets } = result;
  if ((opsets[''] ?? 0) < LEAST_OPSET) {
    const message = `expected opset ${LEAST_OPSET} or later, found ${opsets['']}`;
    throw new EspalierError('unsupported', message, { where: graph.name });
  }
  const g = builderOf(result);
  result.nodes = [];
  for (const node of nodes) {
    if (node.domain === ESPALIER_DOMAIN) appendDecomposed(g, node);
    else result.nodes.push(node);
  }
  removeDeadNodes(result);
  delete opsets[ESPALIER_DOMAIN];
  return result;
}

/** Appends the computation of a node's outputs, which keep their identity and names. */
function appendDecomposed(g: Builder, node: Node): void {
  const op = knownOperator(node) as TrainingOperatorName | null;
  if (!op) throw refusal(node, 'has no decomposition: unknown operator');
  const decomposition = decompositions[op] as Decomposition<TrainingOperatorName>;
  const before = g.graph.nodes.length;
  const results: readonly Value[] = decomposition(callOf(node, op), g);
  const computed = new Set(g.graph.nodes.slice(before).flatMap((appended) => appended.outputs));
  const owner = new Map<Value, Value>();
  for (const [index, result] of results.entries()) {
    const output = node.outputs[index];
    if (!output) continue;
    // A value that is passed through unchanged, or needed under two names, gets an Identity node.
    owner.set(computed.has(result) && !owner.has(result) ? result : g.Identity(result), output);
  }
  const owned = (value: Value | null) => value && (owner.get(value) ?? value);
  for (const appended of g.graph.nodes.slice(before)) {
    appended.inputs = appended.inputs.map(owned);
    appended.outputs = appended.outputs.map(owned);
  }
}
