import { nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import type { OperatorCall } from '../../../graph/operators/call.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor, SoftmaxAlgorithm } from '../library/api.ts';
import type { Kernel, Kernels } from './kernel.ts';

const softmax =
  (algorithm: SoftmaxAlgorithm): Kernel<'Softmax' | 'LogSoftmax'> =>
  ({ node, inputs: { x }, outputs: [y], attributes }, scope) => {
    const along = layoutAlong(scope, x, attributes.axis ?? -1);
    const primitive = requiredPrimitive(
      scope.dnnl,
      { kind: 'softmax', algorithm, ...along },
      { where: nodeLabel(node) },
    );
    const src = scope.read(x, along.data);
    const dst = scope.write(y, along.data);
    scope.run(primitive, { src, dst }, [[dst, src]]);
    return true;
  };

/** Softmax operators along an axis, and their gradients. */
export const softmaxKernels = {
  Softmax: softmax('softmax'),
  LogSoftmax: softmax('logSoftmax'),
  SoftmaxGrad: (call, scope) => gradient(call, scope),
} satisfies Kernels;

function gradient(
  { node, inputs: { dy, y }, outputs: [dx], attributes: { axis, log } }: OperatorCall<'SoftmaxGrad'>,
  scope: LoweringScope,
): true {
  const along = layoutAlong(scope, y, axis);
  const where = nodeLabel(node);
  const algorithm = log ? 'logSoftmax' : 'softmax';
  const hint = requiredPrimitive(scope.dnnl, { kind: 'softmax', algorithm, ...along }, { where });
  const operation = { kind: 'softmaxBackward', algorithm, ...along, hint } as const;
  const diffDst = scope.read(dy, along.data);
  const diffSrc = scope.write(dx, along.data);
  scope.run(requiredPrimitive(scope.dnnl, operation, { where }), {
    dst: scope.read(y, along.data),
    diffDst,
    diffSrc,
  });
  return true;
}

/** Blocked channels if the sum is over channels, else row-major. */
function layoutAlong(
  scope: LoweringScope,
  value: Value,
  given: number,
): { readonly data: Descriptor; readonly axis: number } {
  const shape = staticShape(value);
  const axis = given < 0 ? given + shape.length : given;
  return { data: axis === 1 ? scope.activation(shape) : scope.plain(shape), axis };
}
