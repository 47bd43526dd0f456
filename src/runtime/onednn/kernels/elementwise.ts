import { type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import type { OperatorCall } from '../../../graph/operators/call.ts';
import { byteWidth, elementCount } from '../../../numeric/tensor.ts';
import type { Operand } from '../compile/operand.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor, ElementwiseAlgorithm, ResultAlgorithm } from '../library/api.ts';
import { repeatedOperand } from './binary.ts';
import type { Kernel, Kernels } from './kernel.ts';
import { isFusedReluGradient } from './normalization.ts';

type Unary =
  | 'Relu'
  | 'Sigmoid'
  | 'Tanh'
  | 'Exp'
  | 'Log'
  | 'Abs'
  | 'Sqrt'
  | 'Neg'
  | 'Reciprocal'
  | 'HardSwish'
  | 'Mish'
  | 'Softplus'
  | 'SwishTraining'
  | 'GeluTraining';

interface Formula<Algorithm extends ElementwiseAlgorithm = ElementwiseAlgorithm> {
  readonly algorithm: Algorithm;
  readonly alpha?: number;
  readonly beta?: number;
}

const unary =
  (formula: Formula): Kernel<Unary> =>
  ({ node, inputs: { x }, outputs: [y] }, scope) =>
    apply({ node, x, y }, scope, formula);

/** y = x·σ(αx). */
const swish: Formula = { algorithm: 'swish', alpha: 1 };

/** Appends y = f(x). */
function apply(
  { node, x, y }: { readonly node: Node; readonly x: Value; readonly y: Value },
  scope: LoweringScope,
  formula: Formula,
): true {
  const layout = scope.layoutOf(x) ?? scope.plain(staticShape(x));
  const data = keepsZero(formula) ? withPadding(scope, layout) : layout;
  const operation = { kind: 'elementwise', data, ...formula } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) });
  const src = scope.seen(scope.read(x, layout), data);
  const dst = scope.seen(scope.write(y, layout), data);
  scope.run(primitive, { src, dst }, [[dst, src]]);
  return true;
}

/** A row of all elements, those that pad a block included: oneDNN compiles many functions for tensors without padding alone. */
function withPadding(scope: LoweringScope, layout: Descriptor): Descriptor {
  const elements = layout.bytes / byteWidth('float32');
  return elements > elementCount(layout.dims) ? scope.plain([elements]) : layout;
}

/** Whether f(0) = 0: then the zeros that pad a block remain. */
const keepsZero = ({ algorithm, beta = 0 }: Formula): boolean =>
  algorithm === 'linear' ? beta === 0 : zeroAtZero.has(algorithm);

const zeroAtZero: ReadonlySet<ElementwiseAlgorithm> = new Set<ElementwiseAlgorithm>([
  'relu',
  'tanh',
  'abs',
  'sqrt',
  'hardswish',
  'swish',
  'mish',
  'gelu',
  'geluByTanh',
]);

interface Gradient {
  readonly node: Node;
  readonly dy: Value;
  readonly dx: Value;
}

/** Appends dx = f′(x)·dy, where f′(x) is computed from y = f(x). */
function resultGradient(
  { node, dy, dx, y }: Gradient & { readonly y: Value },
  scope: LoweringScope,
  formula: Formula<ResultAlgorithm>,
): true {
  const where = nodeLabel(node);
  const layout = scope.layoutOf(y) ?? scope.plain(staticShape(y));
  const data = withPadding(scope, layout);
  const hint = requiredPrimitive(scope.dnnl, { kind: 'elementwise', data, ...formula }, { where });
  const operation = { kind: 'resultBackward', data, hint, ...formula } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where });
  const dst = scope.seen(scope.read(y, layout), data);
  const diffDst = scope.seen(scope.read(dy, layout), data);
  const diffSrc = scope.seen(scope.write(dx, layout), data);
  scope.run(primitive, { dst, diffDst, diffSrc }, [[diffSrc, diffDst]]);
  return true;
}

/** Appends dx = f′(x)·dy. */
function inputGradient(
  { node, dy, dx, x }: Gradient & { readonly x: Value },
  scope: LoweringScope,
  formula: Formula,
): true {
  const where = nodeLabel(node);
  const layout = scope.layoutOf(x) ?? scope.plain(staticShape(x));
  const data = withPadding(scope, layout);
  const hint = requiredPrimitive(scope.dnnl, { kind: 'elementwise', data, ...formula }, { where });
  const operation = { kind: 'elementwiseBackward', data, hint, ...formula } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where });
  const src = scope.seen(scope.read(x, layout), data);
  const diffDst = scope.seen(scope.read(dy, layout), data);
  const diffSrc = scope.seen(scope.write(dx, layout), data);
  scope.run(primitive, { src, diffDst, diffSrc }, [[diffSrc, diffDst]]);
  return true;
}

const fromResult =
  (formula: Formula<ResultAlgorithm>): Kernel<'SigmoidGrad' | 'TanhGrad'> =>
  ({ node, inputs: { dy, y }, outputs: [dx] }, scope) =>
    resultGradient({ node, dy, dx, y }, scope, formula);

const fromInput =
  (formula: Formula): Kernel<'SwishGrad' | 'HardSwishGrad' | 'MishGrad'> =>
  ({ node, inputs: { dy, x }, outputs: [dx] }, scope) =>
    inputGradient({ node, dy, dx, x }, scope, formula);

const gelu = (approximate: string): Formula => ({
  algorithm: approximate === 'tanh' ? 'geluByTanh' : 'gelu',
});

/** y = clip(αx + β, 0, 1), in two passes. */
const hardSigmoid: Kernel<'HardSigmoid'> = (
  { node, inputs: { x }, outputs: [y], attributes: { alpha, beta } },
  scope,
) => {
  apply({ node, x, y }, scope, { algorithm: 'linear', alpha, beta });
  const dst = scope.read(y);
  const operation = {
    kind: 'elementwise',
    algorithm: 'clip',
    alpha: 0,
    beta: 1,
    data: dst.descriptor!,
  } as const;
  scope.run(requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) }), { src: dst, dst });
  return true;
};

/** The largest float32. */
const LARGEST = 3.4028234663852886e38;

/** Clip between two bounds, of which either may be absent; null if a bound is not a single constant number. */
function clip(low: Value | null, high: Value | null): Formula<'clip'> | null {
  const alpha = low ? singleNumber(low) : -LARGEST;
  const beta = high ? singleNumber(high) : LARGEST;
  return alpha === null || beta === null ? null : { algorithm: 'clip', alpha, beta };
}

const singleNumber = ({ tensor }: Value): number | null =>
  tensor?.data.length === 1 ? Number(tensor.data[0]) : null;

/** Appends dx = dy where low < y < high, else 0, for bounds of equal shape, such as one number per channel. */
function boundedGradient(
  { node, inputs: { dy, y, low, high }, outputs: [dx] }: OperatorCall<'ClipGrad'>,
  scope: LoweringScope,
): boolean {
  if (low && high && staticShape(low).join() !== staticShape(high).join()) return false;
  const bounds = [['greater', low] as const, ['less', high] as const];
  const present = bounds.flatMap(([algorithm, bound]) => (bound ? [{ algorithm, bound }] : []));
  let passed: Operand | null = null;
  for (const [i, { algorithm, bound }] of present.entries()) {
    const { data, seen, row } = repeatedOperand(scope, y, bound, { inBlocks: true });
    const operation = { kind: 'binary', algorithm, left: seen, right: row.descriptor, dst: seen } as const;
    const after = [{ kind: 'binary', algorithm: 'mul', operand: seen }] as const;
    const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node), after });
    const src = scope.seen(scope.read(y, data), seen);
    const post0: Operand = passed ?? scope.seen(scope.read(dy, data), seen);
    const isLast = i === present.length - 1;
    const target = isLast ? scope.write(dx, data) : scope.scratch(`${dx.name} above`, data);
    const dst = scope.seen(target, seen);
    scope.run(primitive, { src, src1: row, post0, dst });
    passed = dst;
  }
  return true;
}

/** Activations, and gradients that are functions of their results. */
export const elementwiseKernels = {
  Relu: unary({ algorithm: 'relu' }),
  Sigmoid: unary({ algorithm: 'logistic' }),
  Tanh: unary({ algorithm: 'tanh' }),
  Exp: unary({ algorithm: 'exp' }),
  Log: unary({ algorithm: 'log' }),
  Abs: unary({ algorithm: 'abs' }),
  Sqrt: unary({ algorithm: 'sqrt' }),
  Neg: unary({ algorithm: 'linear', alpha: -1 }),
  Reciprocal: unary({ algorithm: 'power', alpha: 1, beta: -1 }),
  HardSwish: unary({ algorithm: 'hardswish' }),
  Mish: unary({ algorithm: 'mish' }),
  Softplus: unary({ algorithm: 'softplus' }),
  SwishTraining: unary(swish),
  GeluTraining: unary({ algorithm: 'gelu' }),
  Gelu: ({ node, inputs: { x }, outputs: [y], attributes: { approximate } }, scope) =>
    apply({ node, x, y }, scope, gelu(approximate)),
  LeakyRelu: ({ node, inputs: { x }, outputs: [y], attributes: { alpha } }, scope) =>
    apply({ node, x, y }, scope, { algorithm: 'relu', alpha }),
  HardSigmoid: hardSigmoid,
  SigmoidGrad: fromResult({ algorithm: 'logistic' }),
  TanhGrad: fromResult({ algorithm: 'tanh' }),
  SwishGrad: fromInput(swish),
  HardSwishGrad: fromInput({ algorithm: 'hardswish' }),
  MishGrad: fromInput({ algorithm: 'mish' }),
  GeluGrad: ({ node, inputs: { dy, x }, outputs: [dx], attributes: { approximate } }, scope) =>
    inputGradient({ node, dy, dx, x }, scope, gelu(approximate)),
  LeakyReluGrad: ({ node, inputs: { dy, x }, outputs: [dx], attributes: { alpha } }, scope) =>
    inputGradient({ node, dy, dx, x }, scope, { algorithm: 'relu', alpha }),
  ReluGrad: ({ node, inputs: { dy, y }, outputs: [dx] }, scope) =>
    isFusedReluGradient(scope, node) || resultGradient({ node, dy, dx, y }, scope, { algorithm: 'relu' }),
  Clip({ node, inputs: { x, min, max }, outputs: [y] }, scope) {
    const formula = clip(min, max);
    return formula !== null && apply({ node, x, y }, scope, formula);
  },
  ClipGrad(call, scope) {
    const { node, inputs, outputs } = call;
    const formula = clip(inputs.low, inputs.high);
    return formula
      ? resultGradient({ node, dy: inputs.dy, dx: outputs[0], y: inputs.y }, scope, formula)
      : boundedGradient(call, scope);
  },
} satisfies Kernels;
