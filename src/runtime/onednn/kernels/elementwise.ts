import { type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import type { OperatorCall } from '../../../graph/operators/call.ts';
import type { Operand } from '../compile/operand.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { BackwardAlgorithm, ElementwiseAlgorithm } from '../library/api.ts';
import { repeatedOperand } from './binary.ts';
import type { Kernel, Kernels } from './kernel.ts';
import { isFusedReluGradient } from './normalization.ts';

type Unary = 'Relu' | 'Sigmoid' | 'Tanh' | 'Exp' | 'Log' | 'Abs' | 'Sqrt' | 'HardSwish';

interface Formula<Algorithm extends ElementwiseAlgorithm = ElementwiseAlgorithm> {
  readonly algorithm: Algorithm;
  readonly alpha?: number;
  readonly beta?: number;
}

const unary =
  (algorithm: ElementwiseAlgorithm): Kernel<Unary> =>
  ({ node, inputs: { x }, outputs: [y] }, scope) =>
    apply({ node, x, y }, scope, { algorithm });

/** Appends y = f(x). */
function apply(
  { node, x, y }: { readonly node: Node; readonly x: Value; readonly y: Value },
  scope: LoweringScope,
  formula: Formula,
): true {
  const data = scope.layoutOf(x) ?? scope.plain(staticShape(x));
  const operation = { kind: 'elementwise', data, ...formula } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) });
  const src = scope.read(x, data);
  const dst = scope.write(y, data);
  scope.run(primitive, { src, dst }, [[dst, src]]);
  return true;
}

/** Appends dx = f′(x)·dy, where f′(x) is computed from y = f(x). */
function gradient(
  { node, inputs: { dy, y }, outputs: [dx] }: OperatorCall<'ReluGrad' | 'ClipGrad'>,
  scope: LoweringScope,
  formula: Formula<BackwardAlgorithm>,
): true {
  const where = nodeLabel(node);
  const data = scope.layoutOf(y) ?? scope.plain(staticShape(y));
  const hint = requiredPrimitive(scope.dnnl, { kind: 'elementwise', data, ...formula }, { where });
  const primitive = requiredPrimitive(
    scope.dnnl,
    { kind: 'elementwiseBackward', data, hint, ...formula },
    { where },
  );
  const diffDst = scope.read(dy, data);
  const diffSrc = scope.write(dx, data);
  scope.run(primitive, { dst: scope.read(y, data), diffDst, diffSrc }, [[diffSrc, diffDst]]);
  return true;
}

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
  Relu: unary('relu'),
  Sigmoid: unary('logistic'),
  Tanh: unary('tanh'),
  Exp: unary('exp'),
  Log: unary('log'),
  Abs: unary('abs'),
  Sqrt: unary('sqrt'),
  HardSwish: unary('hardswish'),
  ReluGrad: (call, scope) =>
    isFusedReluGradient(scope, call.node) || gradient(call, scope, { algorithm: 'relu' }),
  Clip({ node, inputs: { x, min, max }, outputs: [y] }, scope) {
    const formula = clip(min, max);
    return formula !== null && apply({ node, x, y }, scope, formula);
  },
  ClipGrad(call, scope) {
    const formula = clip(call.inputs.low, call.inputs.high);
    return formula ? gradient(call, scope, formula) : boundedGradient(call, scope);
  },
} satisfies Kernels;
