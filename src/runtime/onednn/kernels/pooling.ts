import { type Node, staticShape, type Value } from '../../../graph/graph.ts';
import { required, type Scope, whereOf } from '../compile/scope.ts';
import type { PoolingAlgorithm, Window } from '../library/api.ts';
import type { Kernels } from './kernel.ts';
import { windowOf } from './window.ts';

interface Pool {
  readonly node: Node;
  readonly algorithm: PoolingAlgorithm;
  readonly kernel: readonly number[];
  readonly window: Window;
}

const averaged = (countPads: number): PoolingAlgorithm => (countPads ? 'averageWithPads' : 'average');

/** Pools and their gradients, with channels in blocks. */
export const poolingKernels = {
  MaxPool({ node, inputs: [x], outputs, attributes }, scope) {
    if (outputs.length > 1 || attributes.ceil_mode) return false;
    const kernel = attributes.kernel_shape!;
    const window = windowOf(attributes, staticShape(x!).slice(2), kernel);
    return pool({ node, algorithm: 'max', kernel, window }, scope, [x!, outputs[0]!]);
  },
  AveragePool({ node, inputs: [x], outputs: [y], attributes }, scope) {
    if (attributes.ceil_mode) return false;
    const kernel = attributes.kernel_shape!;
    const window = windowOf(attributes, staticShape(x!).slice(2), kernel);
    const algorithm = averaged(attributes.count_include_pad);
    return pool({ node, algorithm, kernel, window }, scope, [x!, y!]);
  },
  GlobalAveragePool({ node, inputs: [x], outputs: [y] }, scope) {
    const kernel = staticShape(x!).slice(2);
    return pool({ node, algorithm: 'average', kernel, window: windowOf({}, kernel, kernel) }, scope, [
      x!,
      y!,
    ]);
  },
  /** The forward pass knows which element was the largest. */
  MaxPoolGrad({ node, inputs: [dy, y, x], outputs: [dx] }, scope) {
    const forward = scope.left.get(y!);
    if (forward?.node.op !== 'MaxPool' || forward.node.inputs[0] !== x) return false;
    const { attributes } = forward.node;
    const list = (name: string) => {
      const found = attributes[name];
      return found?.kind === 'ints' ? found.value.map(Number) : undefined;
    };
    const kernel = list('kernel_shape')!;
    const autoPad = attributes.auto_pad?.kind === 'string' ? String(attributes.auto_pad.value) : 'NOTSET';
    const window = windowOf(
      { auto_pad: autoPad, strides: list('strides'), dilations: list('dilations'), pads: list('pads') },
      staticShape(x!).slice(2),
      kernel,
    );
    return poolGradient({ node, algorithm: 'max', kernel, window }, scope, [dy!, dx!, y!]);
  },
  AveragePoolGrad({ node, inputs: [dy], outputs: [dx], attributes }, scope) {
    const kernel = attributes.kernel_shape!;
    const window = windowOf(attributes, staticShape(dx!).slice(2), kernel);
    return poolGradient({ node, algorithm: averaged(attributes.count_include_pad), kernel, window }, scope, [
      dy!,
      dx!,
    ]);
  },
} satisfies Kernels;

/** y = pool(x). */
export function pool(
  { node, algorithm, kernel, window }: Pool,
  scope: Scope,
  [x, y]: readonly [Value, Value],
): boolean {
  if (!isSpatial(x)) return false;
  const [src, dst] = [scope.activation(staticShape(x)), scope.activation(staticShape(y))];
  const operation = { kind: 'pooling', algorithm, src, dst, kernel, ...window } as const;
  const primitive = scope.dnnl.create(operation);
  if (!primitive) return false;
  const layout = primitive.layout('workspace');
  const workspace = layout && scope.scratch(`${y.name} maxima`, layout);
  scope.run(primitive, {
    src: scope.read(x, src),
    dst: scope.write(y, dst),
    ...(workspace ? { workspace } : {}),
  });
  scope.left.set(y, { primitive, workspace, node });
  return true;
}

/** dx from dy; y names the forward pool whose workspace is needed. */
function poolGradient(
  { node, algorithm, kernel, window }: Pool,
  scope: Scope,
  [dy, dx, y]: readonly [Value, Value, Value?],
): boolean {
  if (!isSpatial(dx)) return false;
  const [diffSrc, diffDst] = [scope.activation(staticShape(dx)), scope.activation(staticShape(dy))];
  const forward = y && scope.left.get(y);
  const given = { kind: 'pooling', algorithm, src: diffSrc, dst: diffDst, kernel, ...window } as const;
  const hint = forward?.primitive ?? required(scope.dnnl, given, whereOf(node));
  const operation = {
    kind: 'poolingBackward',
    algorithm,
    diffSrc,
    diffDst,
    kernel,
    hint,
    ...window,
  } as const;
  const primitive = required(scope.dnnl, operation, whereOf(node));
  scope.run(primitive, {
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
