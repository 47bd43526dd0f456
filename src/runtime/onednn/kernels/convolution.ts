import { assert } from '../../../errors.ts';
import { type Node, nodeLabel, onlyOutput, staticShape, type Value } from '../../../graph/graph.ts';
import { attributesOf, inputsOf, isOperator } from '../../../graph/operators/index.ts';
import { reducedAxes } from '../../../graph/reduced-axes.ts';
import type { Window } from '../../../graph/window.ts';
import { explicitWindow, transposedWindow } from '../../../graph/window.ts';
import type { NativeOperand } from '../compile/operand.ts';
import { isFast, requiredPrimitive, unsupported } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor, Operation, Primitive, QueriedRole } from '../library/api.ts';
import { wideDepthwiseGradient } from './depthwise-weights.ts';
import type { Kernels } from './kernel.ts';

/** y = x ⋆ w: of the shapes, whichever values a node reads and computes. */
export interface ConvolutionSizes {
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
  /** The gradient of the convolution that reads y and computes x; the bias is added to it. */
  ConvTranspose({ node, inputs: { x, weight, bias }, outputs: [y], attributes }, scope) {
    const [size, places] = [staticShape(y).slice(2), staticShape(x).slice(2)];
    const window = transposedWindow(attributes, { size, places, kernel: staticShape(weight).slice(2) });
    const convolution = describe(node, { ...window, group: attributes.group }, { x: y, w: weight, y: x });
    if (!convolution) return false;
    backwardData(scope, convolution, { dy: x, weight, dx: y });
    if (bias) addPerChannel(scope, y, bias);
    return true;
  },
  ConvGradInput({ node, inputs: { dy, weight }, outputs: [dx], attributes }, scope) {
    const convolution = describe(node, attributes, { x: dx, w: weight, y: dy });
    return convolution !== null && backwardData(scope, convolution, { dy, weight, dx });
  },
  ConvGradWeight({ node, inputs: { x, dy }, outputs: [dw], attributes }, scope) {
    const convolution = describe(node, attributes, { x: x, w: dw, y: dy });
    if (!convolution) return false;
    const sums = biasGradient(scope, dy);
    const dbias = sums && onlyOutput(sums);
    if (sums) scope.skip(sums);
    if (wideDepthwiseGradient(scope, convolution, { node, x, dy, dw, dbias })) return true;
    const diffWeights = scope.any(weightDims(convolution));
    const hint = forward(scope, convolution);
    const diffBias = dbias ? { diffBias: scope.plain([convolution.y[1]]) } : {};
    const primitive = firstFast(scope, convolution, ({ src, dst }) => ({
      kind: 'convolutionBackwardWeights',
      src,
      diffWeights,
      ...diffBias,
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
      ...(dbias ? { diffBias: scope.write(dbias) } : {}),
    });
    if (apart) ungroup(scope, apart, dw);
    return true;
  },
} satisfies Kernels;

/** The sum of dy over all axes but the channels', which is the gradient of the layer's bias; null where nothing computes it. */
function biasGradient(scope: LoweringScope, dy: Value): Node | null {
  const rest = staticShape(dy).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const isSum = (node: Node | null): node is Node => {
    if (!isOperator(node, 'ReduceSum') || scope.isSkipped(node)) return false;
    const attributes = attributesOf(node, 'ReduceSum');
    const axes = reducedAxes(attributes, inputsOf(node, 'ReduceSum').axes, rest.length + 1);
    return attributes.keepdims === 0 && axes?.toSorted().join() === rest.join();
  };
  return (scope.connections.uses.get(dy) ?? []).map(({ node }) => node).find(isSum) ?? null;
}

/** Appends dx for y = x ⋆ w. */
function backwardData(
  scope: LoweringScope,
  convolution: ConvolutionSizes,
  { dy, weight, dx }: { readonly dy: Value; readonly weight: Value; readonly dx: Value },
): true {
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
}

/** Appends y ← y + b, b a number a channel. */
function addPerChannel(scope: LoweringScope, y: Value, bias: Value): void {
  const dst = scope.read(y);
  assert(dst.descriptor, `${y.name} is of float32`);
  const data = dst.descriptor;
  const shape = [1, ...staticShape(bias), ...data.dims.slice(2).map(() => 1)];
  const isRowMajor = scope.dnnl.equal(data, scope.plain(data.dims));
  const plain = scope.plain(shape);
  const right = isRowMajor ? plain : scope.activation(shape);
  const row = scope.scratch(`${bias.name} a channel`, right);
  const given = scope.seen(scope.readPlain(bias), plain);
  const reorder = { kind: 'reorder', src: plain, dst: right } as const;
  scope.run(requiredPrimitive(scope.dnnl, reorder, { where: bias.name }), { src: given, dst: row });
  const operation = { kind: 'binary', algorithm: 'add', left: data, right, dst: data } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: y.name });
  scope.run(primitive, { src: dst, src1: row, dst });
}

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
