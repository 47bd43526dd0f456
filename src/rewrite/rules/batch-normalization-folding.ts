import { uniqueNames } from '../../graph/builder.ts';
import { cloneGraph } from '../../graph/clone.ts';
import type { Graph, Node, Value } from '../../graph/graph.ts';
import { attributesOf, isOperator } from '../../graph/operators/index.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { removeDeadNodes } from '../../graph/topology.ts';
import { type Refusal, type Rewritten, refusal } from '../pass.ts';
import { affineConstant, isAffineOperator } from './affine-constants.ts';
import { type Affine, contextOf, type FoldContext } from './fold-context.ts';
import { foldIntoReaders } from './fold-into-readers.ts';
import { foldIntoSource } from './fold-into-source.ts';

/**
 * Folds each BatchNormalization of inference, y = γ(x − μ)/√(σ² + ε) + β, into the convolution or matrix product before it
 * (W·a and b·a + s with a = γ/√(σ² + ε), s = β − μ·a), or into the convolutions after it where that is exact: without
 * padding, or with s = 0. A weight that several layers share is folded where all of them are normalised alike. Everything
 * left alone is named with its reason. A constant Mul, Add, Sub or Div behind a layer is folded into it as well.
 */
export function foldBatchNormalization(graph: Graph): Rewritten {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  const unique = uniqueNames(copy);
  const refusals: Refusal[] = [];
  const copies = new Map<Value, Value[]>();
  let changed = 0;
  for (const node of [...copy.nodes]) {
    if (!isBatchNormalization(node)) {
      if (!isAffineOperator(node)) continue;
      const context = contextOf(copy, unique, copies);
      const affine = affineConstant(node, context);
      if (affine && foldIntoSource(node, affine, context) === null) changed++;
      continue;
    }
    const reason = fold(node, contextOf(copy, unique, copies));
    if (reason === null) changed++;
    else refusals.push(refusal(node, reason));
  }
  removeDeadNodes(copy);
  inferShapes(copy);
  return { graph: copy, changed, refusals };
}

const isBatchNormalization = (node: Node): boolean => isOperator(node, 'BatchNormalization');

/** null where it is done, else why not. */
function fold(node: Node, context: FoldContext): string | null {
  const affine = affineOf(node, context);
  if (typeof affine === 'string') return affine;
  const before = foldIntoSource(node, affine, context);
  if (before === null) return null;
  const after = foldIntoReaders(node, affine, context);
  return after === null ? null : `${before}; ${after}`;
}

/** A BatchNormalization of inference as an affine map, in double precision; a reason where it is none. */
export function affineOf(node: Node, { weights, uses }: FoldContext): Affine | string {
  const { epsilon, training_mode, spatial } = attributesOf(node, 'BatchNormalization');
  if (training_mode || node.outputs.slice(1).some((value) => value && uses.has(value))) {
    return 'it computes statistics of its batch';
  }
  if (!spatial) return 'it normalises each position by itself';
  const parameters = [1, 2, 3, 4].map((index) => weights(node.inputs[index])?.data);
  if (!parameters.every((parameter) => parameter !== undefined))
    return 'its parameters are not float32 constants';
  const [scale, bias, mean, variance] = parameters as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const a = Float64Array.from(scale, (gamma, c) => gamma / Math.sqrt(variance[c]! + epsilon));
  const s = Float64Array.from(bias, (beta, c) => beta - mean[c]! * a[c]!);
  return [...a, ...s].every(Number.isFinite) ? { a, s } : 'its scale is not finite';
}
