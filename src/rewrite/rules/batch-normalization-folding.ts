import { isRefusal, type Refusal, type Rewritten, refuse } from '../../graph/edit/refused.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { attributesOf } from '../../graph/operators/index.ts';
import { affineConstant, affineOperators } from './affine-constants.ts';
import { foldIntoReaders } from './fold-into-readers.ts';
import { foldIntoSource } from './fold-into-source.ts';
import type { Affine, RewriteContext } from './rewrite-context.ts';
import { type RewriteRule, rewriteNodes } from './rewrite-nodes.ts';

/**
 * Folds each BatchNormalization, y = γ(x − μ)/√(σ² + ε) + β, into the convolution or matrix product before it (W·a and b·a +
 * s with a = γ/√(σ² + ε), s = β − μ·a), or into the convolutions after it if that is exact: without padding, or with s = 0. A
 * weight that several layers share is folded if all are normalised in the same way. A constant Mul, Add, Sub or Div after a
 * layer is folded as well. Refusals say why others remain.
 */
export const foldBatchNormalization = (graph: Graph): Rewritten =>
  rewriteNodes(graph, [foldNormalization, foldConstant]);

const foldNormalization: RewriteRule = {
  name: 'BatchNormalization',
  ops: ['BatchNormalization'],
  rewrite(node, context) {
    const affine = affineOf(node, context);
    if (isRefusal(affine)) return affine;
    const before = foldIntoSource(node, affine, context);
    if (before === true) return true;
    const after = foldIntoReaders(node, affine, context);
    return after === true ? true : refuse(before.code, `${before.reason}; ${after.reason}`);
  },
};

const foldConstant: RewriteRule = {
  name: 'affine constant',
  ops: affineOperators,
  rewrite(node, context) {
    const affine = affineConstant(node, context);
    return affine && foldIntoSource(node, affine, context) === true ? true : null;
  },
};

/** A BatchNormalization as an affine map, in double precision; refuses other nodes. */
export function affineOf(node: Node, { weights, uses }: RewriteContext): Affine | Refusal {
  const { epsilon, training_mode, spatial } = attributesOf(node, 'BatchNormalization');
  if (training_mode || node.outputs.slice(1).some((value) => value && uses.has(value))) {
    return refuse('unsupported', 'it computes statistics of its batch');
  }
  if (!spatial) return refuse('unsupported', 'it normalises each position by itself');
  const [scale, bias, mean, variance] = node.inputs.slice(1).map((value) => weights(value)?.data);
  if (!scale || !bias || !mean || !variance)
    return refuse('not-constant', 'its parameters are not float32 constants');
  const a = Float64Array.from(scale, (gamma, c) => gamma / Math.sqrt((variance[c] ?? 0) + epsilon));
  const s = Float64Array.from(bias, (beta, c) => beta - (mean[c] ?? 0) * (a[c] ?? 0));
  return [...a, ...s].every(Number.isFinite) ? { a, s } : refuse('inexact', 'its scale is not finite');
}
