import { assert } from '../../../errors.ts';
import { type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import type { Window } from '../../../graph/window.ts';
import { explicitWindow } from '../../../graph/window.ts';
import type { NativeOperand } from '../compile/operand.ts';
import { isFast, requiredPrimitive, unsupported } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor, Operation, Primitive, QueriedRole } from '../library/api.ts';
import type { Kernels } from './kernel.ts';

/** y = x ⋆ w: of the shapes, whichever values a node reads and computes. */
interface ConvolutionSizes {
  readonly x: readonly [batch: number, channels: number, ...size: number[]];
  readonly w: readonly [filters: number, channels: number, ...kernel: number[]];
  readonly y: readonly [batch: number, filters: number, ...places: number[]];
  readonly group: number;
  readonly window: Window;
  readonly hasBias: boolean;
  readonly where: string;
}

interface ConvolutionAttributes extends Partial<Window> {
  readonly auto_pad?: string;
  readonly group: number;
}

/** Convolutions and their gradients, with channels in blocks. */
export const convolutionKernels = {
  Conv({ node, inputs: { x, weight, bias }, outputs: [y], attributes }, scope) {
    const convolution = describe(node, attributes, { x, w: weight, y });
    return convolution !== null && convolve(scope, { ...convolution, hasBias: !!bias }, [x, weight, y, bias]);
  },
  ConvGradInput({ node, inputs: { dy, weight }, outputs: [dx], attributes }, scope) {
    const convolution = describe(node, attributes, { x: dx, w: weight, y: dy });
    if (!convolution) return false;
    const weights = scope.any(weightDims(convolution));
    const hint = forward(scope, convolution);
    const primitive = firstFast(scope, convolution, ({ src, dst }) => ({
      kind: 'convolutionBackwardData',
      diffSrc: src,
      weights,
      diffDst: dst,
      hint,
      ...convolution.window,
    }));
    scope.run(primitive, {
      diffDst: scope.read(dy, layout(primitive, 'diffDst')),
      weights: scope.read(weight, layout(primitive, 'weights')),
      diffSrc: scope.write(dx, layout(primitive, 'diffSrc')),
    });
    return true;
  },
  ConvGradWeight({ node, inputs: { x, dy }, outputs: [dw], attributes }, scope) {
    const convolution = describe(node, attributes, { x: x, w: dw, y: dy });
    if (!convolution) return false;
    const diffWeights = scope.any(weightDims(convolution));
    const hint = forward(scope, convolution);
    const primitive = firstFast(scope, convolution, ({ src, dst }) => ({
      kind: 'convolutionBackwardWeights',
      src,
      diffWeights,
      diffDst: dst,
      hint,
      ...convolution.window,
    }));
    const result = layout(primitive, 'diffWeights');
    const apart = convolution.group > 1 ? scope.scratch(`${dw.name} in groups`, result) : null;
    scope.run(primitive, {
      src: scope.read(x, layout(primitive, 'src')),
      diffDst: scope.read(dy, layout(primitive, 'diffDst')),
      diffWeights: apart ?? scope.write(dw, result),
    });
    if (apart) ungroup(scope, apart, dw);
    return true;
  },
} satisfies Kernels;

/** null where oneDNN knows no convolution of the rank. */
function describe(
  node: Node,
  attributes: ConvolutionAttributes,
  values: { readonly x: Value; readonly w: Value; readonly y: Value },
): ConvolutionSizes | null {
  const [x, w, y] = [staticShape(values.x, 2), staticShape(values.w, 2), staticShape(values.y, 2)];
  if (x.length < 3 || x.length > 5) return null;
  const window = explicitWindow(attributes, x.slice(2), w.slice(2));
  return { x, w, y, group: attributes.group, window, hasBias: false, where: nodeLabel(node) };
}

/** Appends y = x ⋆ w + b. */
export function convolve(
  scope: LoweringScope,
  convolution: ConvolutionSizes,
  [x, w, y, b]: readonly [x: Value, w: Value, y: Value, b: Value | null],
): true {
  const primitive = forward(scope, convolution);
  scope.run(primitive, {
    src: scope.read(x, layout(primitive, 'src')),
    weights: scope.read(w, layout(primitive, 'weights')),
    ...(b ? { bias: scope.readPlain(b) } : {}),
    dst: scope.write(y, layout(primitive, 'dst')),
  });
  return true;
}

function layout(primitive: Primitive, role: QueriedRole): Descriptor {
  const descriptor = primitive.layout(role);
  assert(descriptor, `a ${primitive.kind} has a ${role}`);
  return descriptor;
}

/** oneDNN gives grouped weights an axis for the groups: without it only row-major bytes mean the same. */
function ungroup(scope: LoweringScope, src: NativeOperand, dw: Value): void {
  const rowMajor = scope.plain(src.shape);
  const operation = { kind: 'reorder', src: src.descriptor, dst: rowMajor } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: dw.name });
  scope.run(primitive, { src, dst: scope.seen(scope.write(dw), rowMajor) });
}

function forward(scope: LoweringScope, convolution: ConvolutionSizes): Primitive {
  const { y, window, hasBias } = convolution;
  const weights = scope.any(weightDims(convolution));
  const bias = hasBias ? { bias: scope.plain([y[1]]) } : {};
  return firstFast(scope, convolution, (data) => ({
    kind: 'convolution',
    ...data,
    weights,
    ...bias,
    ...window,
  }));
}

interface DataLayouts {
  readonly src: Descriptor;
  readonly dst: Descriptor;
}

/**
 * The first primitive that is compiled for this processor, of channels in blocks, as the rest of the network has them,
 * and then of what oneDNN likes; where all are generic, the first that exists.
 */
function firstFast(
  { any, activation, dnnl }: LoweringScope,
  { x, y, where }: ConvolutionSizes,
  operationFor: (layouts: DataLayouts) => Operation,
): Primitive {
  // An input of few channels is an image: the kernels for it choose their layout themselves.
  const src = x[1] < 8 ? any(x) : activation(x);
  let slow: Primitive | null = null;
  for (const layouts of [() => ({ src, dst: activation(y) }), () => ({ src: any(x), dst: any(y) })]) {
    const primitive = dnnl.create(operationFor(layouts()));
    if (primitive && isFast(primitive)) return primitive;
    slow ??= primitive;
  }
  if (!slow) throw unsupported('convolution', where);
  return slow;
}

function weightDims({ w, group }: ConvolutionSizes): number[] {
  const [filters, channels, ...kernel] = w;
  return group === 1 ? [filters, channels, ...kernel] : [group, filters / group, channels, ...kernel];
}
