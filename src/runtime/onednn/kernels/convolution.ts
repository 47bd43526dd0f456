import { nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import type { Window } from '../../../graph/window.ts';
import { explicitWindow } from '../../../graph/window.ts';
import type { Operand } from '../compile/operand.ts';
import { isFast, unsupported } from '../compile/primitives.ts';
import type { Scope } from '../compile/scope.ts';
import type { Descriptor, Primitive } from '../library/api.ts';
import type { Kernels } from './kernel.ts';

/** Shapes of y = x ⋆ w, whichever of them a node reads. */
interface Shapes {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
  readonly group: number;
  readonly window: Window;
  readonly bias: boolean;
}

/** Convolutions and their gradients, with channels in blocks. */
export const convolutionKernels = {
  Conv({ node, inputs: [x, w, b], outputs: [y], attributes }, scope) {
    const [xs, ws, ys] = [x!, w!, y!].map(staticShape) as [number[], number[], number[]];
    if (!isSpatial(xs)) return false;
    const window = explicitWindow(attributes, xs.slice(2), ws.slice(2));
    const shapes = { x: xs, w: ws, y: ys, group: attributes.group, window, bias: !!b };
    const primitive = forward(scope, shapes, nodeLabel(node));
    scope.run(primitive, {
      src: scope.read(x!, layout(primitive, 'src')),
      weights: scope.read(w!, layout(primitive, 'weights')),
      ...(b ? { bias: scope.readPlain(b) } : {}),
      dst: scope.write(y!, layout(primitive, 'dst')),
    });
    return true;
  },
  ConvGradInput({ node, inputs: [dy, w], outputs: [dx], attributes }, scope) {
    const [ys, ws, xs] = [dy!, w!, dx!].map(staticShape) as [number[], number[], number[]];
    if (!isSpatial(xs)) return false;
    const { group } = attributes;
    const window = explicitWindow(attributes, xs.slice(2), ws.slice(2));
    const shapes = { x: xs, w: ws, y: ys, group, window, bias: false };
    const primitive = backwardData(scope, shapes, nodeLabel(node));
    scope.run(primitive, {
      diffDst: scope.read(dy!, layout(primitive, 'diffDst')),
      weights: scope.read(w!, layout(primitive, 'weights')),
      diffSrc: scope.write(dx!, layout(primitive, 'diffSrc')),
    });
    return true;
  },
  ConvGradWeight({ node, inputs: [x, dy], outputs: [dw], attributes }, scope) {
    const [xs, ys, ws] = [x!, dy!, dw!].map(staticShape) as [number[], number[], number[]];
    if (!isSpatial(xs)) return false;
    const { group } = attributes;
    const window = explicitWindow(attributes, xs.slice(2), ws.slice(2));
    const shapes = { x: xs, w: ws, y: ys, group, window, bias: false };
    const primitive = backwardWeights(scope, shapes, nodeLabel(node));
    scope.run(primitive, {
      src: scope.read(x!, layout(primitive, 'src')),
      diffDst: scope.read(dy!, layout(primitive, 'diffDst')),
      diffWeights: writeWeights(scope, dw!, layout(primitive, 'diffWeights')),
    });
    return true;
  },
} satisfies Kernels;

const isSpatial = (x: readonly number[]): boolean => x.length >= 3 && x.length <= 5;

const layout = (primitive: Primitive, role: Parameters<Primitive['layout']>[0]): Descriptor =>
  primitive.layout(role)!;

/** oneDNN gives grouped weights an axis for the groups; their result is then read back row-major. */
function writeWeights(scope: Scope, dw: Value, descriptor: Descriptor): Operand {
  const shape = staticShape(dw);
  if (descriptor.dims.length === shape.length) return scope.write(dw, descriptor);
  const rowMajor = scope.plain(descriptor.dims);
  return scope.seen(scope.write(dw, scope.plain(shape)), rowMajor);
}

function forward(scope: Scope, shapes: Shapes, where: string): Primitive {
  const { dnnl } = scope;
  const { w, y, group, window, bias } = shapes;
  const weights = scope.any(weightDims(w, group));
  const made = candidates(scope, shapes).map(
    ({ src, dst }) =>
      () =>
        dnnl.create({
          kind: 'convolution',
          src,
          weights,
          dst,
          ...window,
          ...(bias ? { bias: scope.plain([y[1]!]) } : {}),
        }),
  );
  return firstFast(made, where);
}

function backwardData(scope: Scope, shapes: Shapes, where: string): Primitive {
  const { dnnl } = scope;
  const { w, group, window } = shapes;
  const hint = forward(scope, shapes, where);
  const weights = scope.any(weightDims(w, group));
  const made = candidates(scope, shapes).map(
    ({ src, dst }) =>
      () =>
        dnnl.create({
          kind: 'convolutionBackwardData',
          diffSrc: src,
          weights,
          diffDst: dst,
          hint,
          ...window,
        }),
  );
  return firstFast(made, where);
}

function backwardWeights(scope: Scope, shapes: Shapes, where: string): Primitive {
  const { dnnl } = scope;
  const { w, group, window } = shapes;
  const hint = forward(scope, shapes, where);
  const dims = weightDims(w, group);
  // With groups the result must be row-major: it is read back without the groups' axis.
  const diffWeights = group > 1 ? scope.plain(dims) : scope.any(dims);
  const made = candidates(scope, shapes).map(
    ({ src, dst }) =>
      () =>
        dnnl.create({ kind: 'convolutionBackwardWeights', src, diffWeights, diffDst: dst, hint, ...window }),
  );
  return firstFast(made, where);
}

/** Layouts to try: channels in blocks, as the rest of the network has them, then what oneDNN likes. */
function candidates({ any, activation }: Scope, { x, y }: Shapes) {
  // An input of few channels is an image: the kernels for it choose their layout themselves.
  const src = x[1]! < 8 ? any(x) : activation(x);
  return [
    { src, dst: activation(y) },
    { src: any(x), dst: any(y) },
  ];
}

/** The first that is compiled for this processor; where all are generic, the first that exists. */
function firstFast(made: readonly (() => Primitive | null)[], where: string): Primitive {
  let slow: Primitive | null = null;
  for (const make of made) {
    const primitive = make();
    if (primitive && isFast(primitive)) return primitive;
    slow ??= primitive;
  }
  if (!slow) throw unsupported('convolution', where);
  return slow;
}

const weightDims = ([filters, channels, ...kernel]: readonly number[], group: number): number[] =>
  group === 1 ? [filters!, channels!, ...kernel] : [group, filters! / group, channels!, ...kernel];
