import { type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { resamplingMode } from '../../../graph/resize-taps.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { ResamplingAlgorithm } from '../library/api.ts';
import type { Kernels } from './kernel.ts';

/** Resampling with half-pixel centres, and its gradients, with blocked channels. */
export const resamplingKernels = {
  Resize({ node, inputs: { x }, outputs: [y] }, scope) {
    const algorithm = resamplingMode(node);
    if (!algorithm || staticShape(x).length > 5 || x.dtype !== 'float32') return false;
    const { primitive, src, dst } = resampling({ node, algorithm, x, y }, scope);
    scope.run(primitive, { src: scope.read(x, src), dst: scope.write(y, dst) });
    return true;
  },
  ResampleGrad({ node, inputs: { dy }, outputs: [dx], attributes }, scope) {
    const algorithm = attributes.mode === 'linear' ? 'linear' : 'nearest';
    if (staticShape(dx).length > 5) return false;
    const { primitive: hint, src, dst } = resampling({ node, algorithm, x: dx, y: dy }, scope);
    const operation = { kind: 'resamplingBackward', algorithm, diffSrc: src, diffDst: dst, hint } as const;
    const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) });
    scope.run(primitive, { diffDst: scope.read(dy, dst), diffSrc: scope.write(dx, src) });
    return true;
  },
} satisfies Kernels;

interface Resampling {
  readonly node: Node;
  readonly algorithm: ResamplingAlgorithm;
  readonly x: Value;
  readonly y: Value;
}

function resampling({ node, algorithm, x, y }: Resampling, scope: LoweringScope) {
  const [src, dst] = [scope.activation(staticShape(x)), scope.activation(staticShape(y))];
  const operation = { kind: 'resampling', algorithm, src, dst } as const;
  return { primitive: requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) }), src, dst };
}
