import { type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { isOperator } from '../../../graph/operators/index.ts';
import type { Window } from '../../../graph/window.ts';
import { explicitWindow } from '../../../graph/window.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { Leftover, LoweringScope } from '../compile/scope.ts';
import type { PoolingAlgorithm } from '../library/api.ts';
import type { Kernels } from './kernel.ts';

interface Pool {
  readonly node: Node;
  readonly algorithm: PoolingAlgorithm;
  readonly kernel: readonly number[];
  readonly window: Window;
}

const averaged = (countPads: number): PoolingAlgorithm => (countPads ? 'averageWithPads' : 'average');

/** Pools and their gradients, with blocked channels. */
export const poolingKernels = {
  MaxPool({ node, inputs: { x }, outputs: [y, indices], attributes }, scope) {
    const { kernel_shape: kernel, ceil_mode } = attributes;
    if (indices || ceil_mode || !kernel) return false;
    const window = explicitWindow(attributes, staticShape(x).slice(2), kernel);
    return pool({ node, algorithm: 'max', kernel, window }, scope, [x, y]);
  },
  AveragePool({ node, inputs: { x }, outputs: [y], attributes }, scope) {
    const { kernel_shape: kernel, ceil_mode } = attributes;
    if (ceil_mode || !kernel) return false;
    const window = explicitWindow(attributes, staticShape(x).slice(2), kernel);
    const algorithm = averaged(attributes.count_include_pad);
    return pool({ node, algorithm, kernel, window }, scope, [x, y]);
  },
  GlobalAveragePool({ node, inputs: { x }, outputs: [y] }, scope) {
    const kernel = staticShape(x).slice(2);
    return pool({ node, algorithm: 'average', kernel, window: explicitWindow({}, kernel, kernel) }, scope, [
      x,
      y,
    ]);
  },
  /** The forward kernel keeps the index of the largest element in its workspace. */
  MaxPoolGrad({ node, inputs: { dy, y, x }, outputs: [dx], attributes }, scope) {
    const { kernel_shape: kernel = [] } = attributes;
    const window = explicitWindow(attributes, staticShape(x).slice(2), kernel);
    const given = { node, algorithm: 'max', kernel, window } as const;
    const left = scope.left.get(y);
    const forward =
      isOperator(left?.node, 'MaxPool') && left.node.inputs[0] === x
        ? left
        : pooledAgain(given, scope, [x, y]);
    return forward !== null && poolGradient(given, scope, [dy, dx, forward]);
  },
  AveragePoolGrad({ node, inputs: { dy }, outputs: [dx], attributes }, scope) {
    const { kernel_shape: kernel = [] } = attributes;
    const window = explicitWindow(attributes, staticShape(dx).slice(2), kernel);
    return poolGradient({ node, algorithm: averaged(attributes.count_include_pad), kernel, window }, scope, [
      dy,
      dx,
    ]);
  },
} satisfies Kernels;

/** y = pool(x). */
export function pool(given: Pool, scope: LoweringScope, [x, y]: readonly [Value, Value]): boolean {
  const made = pooling(given, scope, [x, y]);
  if (!made) return false;
  const { primitive, src, dst, workspace } = made;
  scope.run(primitive, {
    src: scope.read(x, src),
    dst: scope.write(y, dst),
    ...(workspace ? { workspace } : {}),
  });
  scope.left.set(y, { primitive, workspace, node: given.node });
  return true;
}

/** Runs the forward pass again, only for its workspace. */
function pooledAgain(given: Pool, scope: LoweringScope, [x, y]: readonly [Value, Value]): Leftover | null {
  const made = pooling(given, scope, [x, y]);
  if (!made?.workspace) return null;
  const { primitive, src, dst, workspace } = made;
  scope.run(primitive, { src: scope.read(x, src), dst: scope.scratch(`${y.name} again`, dst), workspace });
  return { primitive, workspace, node: given.node };
}

function pooling({ algorithm, kernel, window }: Pool, scope: LoweringScope, [x, y]: readonly [Value, Value]) {
  if (!isSpatial(x)) return null;
  const [src, dst] = [scope.activation(staticShape(x)), scope.activation(staticShape(y))];
  const primitive = scope.dnnl.create({ kind: 'pooling', algorithm, src, dst, kernel, ...window });
  const layout = primitive?.layout('workspace') ?? null;
  return primitive && { primitive, src, dst, workspace: layout && scope.scratch(`${y.name} maxima`, layout) };
}

/** Appends dx, computed from dy. */
function poolGradient(
  { node, algorithm, kernel, window }: Pool,
  scope: LoweringScope,
  [dy, dx, forward]: readonly [Value, Value, Leftover?],
): boolean {
  if (!isSpatial(dx)) return false;
  const [diffSrc, diffDst] = [scope.activation(staticShape(dx)), scope.activation(staticShape(dy))];
  const where = { where: nodeLabel(node) };
  const given = { kind: 'pooling', algorithm, src: diffSrc, dst: diffDst, kernel, ...window } as const;
  const hint = forward?.primitive ?? requiredPrimitive(scope.dnnl, given, where);
  const operation = {
    kind: 'poolingBackward',
    algorithm,
    diffSrc,
    diffDst,
    kernel,
    hint,
    ...window,
  } as const;
  scope.run(requiredPrimitive(scope.dnnl, operation, where), {
    diffDst: scope.read(dy, diffDst),
    diffSrc: scope.write(dx, diffSrc),
    ...(forward?.workspace ? { workspace: forward.workspace } : {}),
  });
  return true;
}

const isSpatial = (value: Value): boolean => {
  const rank = value.shape?.length ?? 0;
  return rank >= 3 && rank <= 5;
};
