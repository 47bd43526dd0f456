import { nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { byteWidth, elementCount } from '../../../numeric/tensor.ts';
import { isFast, required } from '../compile/primitives.ts';
import type { Scope } from '../compile/scope.ts';
import type { BinaryAlgorithm, ElementwiseAlgorithm, PostOperation } from '../library/api.ts';
import type { Kernel, KernelCall, Kernels } from './kernel.ts';
import { followingRelu, isFusedReluGradient } from './normalization.ts';

type Unary = 'Relu' | 'Sigmoid' | 'Tanh' | 'Exp' | 'Log' | 'Abs' | 'Sqrt' | 'HardSwish';
type Binary = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min';

function unary(algorithm: ElementwiseAlgorithm): Kernel<Unary> {
  return ({ node, inputs: [x], outputs: [y] }, scope) => {
    const data = scope.layoutOf(x!) ?? scope.plain(staticShape(x!));
    const primitive = required(
      scope.dnnl,
      { kind: 'elementwise', algorithm, data },
      { where: nodeLabel(node) },
    );
    const src = scope.read(x!, data);
    const dst = scope.write(y!, data);
    scope.run(primitive, { src, dst }, [[dst, src]]);
    return true;
  };
}

function binary(algorithm: BinaryAlgorithm, commutes: boolean): Kernel<Binary> {
  return (call, scope) => {
    const { inputs, outputs } = call;
    if (inputs.length !== 2) return false;
    const shape = staticShape(outputs[0]!);
    const [first, second] = inputs as [Value, Value];
    const fits = (value: Value) => sameShape(staticShape(value), shape);
    if (fits(first) && fits(second)) return equalShapes(call, scope, { algorithm, commutes });
    if (fits(first)) return broadcast(call, scope, { algorithm, left: first, right: second });
    if (fits(second) && commutes) return broadcast(call, scope, { algorithm, left: second, right: first });
    return false;
  };
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** a ∘ b, over a or b where one dies here, and the Relu that alone reads the result. */
function equalShapes(
  { node, inputs, outputs: [y] }: KernelCall<Binary>,
  scope: Scope,
  { algorithm, commutes }: { algorithm: BinaryAlgorithm; commutes: boolean },
): boolean {
  const [a, b] = inputs as [Value, Value];
  // State is in the layout that its update wants: what is computed once adapts to it.
  const settled = scope.isState(b)
    ? (scope.layoutOf(b) ?? scope.layoutOf(a))
    : (scope.layoutOf(a) ?? scope.layoutOf(b));
  const data = settled ?? scope.plain(staticShape(a));
  const relu = followingRelu(scope, y!);
  const after: PostOperation[] = relu ? [{ kind: 'elementwise', algorithm: 'relu' }] : [];
  const operation = { kind: 'binary', algorithm, left: data, right: data, dst: data } as const;
  const primitive = required(scope.dnnl, operation, { where: nodeLabel(node), after });
  const [left, right] = [scope.read(a, data), scope.read(b, data)];
  const dst = scope.write(relu ? relu.outputs[0]! : y!, data);
  if (relu) scope.skip(relu);
  // oneDNN's reference kernel clears its result before it reads the right operand.
  const overRight = commutes && isFast(primitive) ? ([[dst, right]] as const) : [];
  // With a Relu behind it, its fast kernel leaves the left operand as it was where channels pad a block.
  const isPadded = data.bytes > byteWidth('float32') * elementCount(data.dims);
  const inPlace = relu && isPadded ? [] : ([[dst, left], ...overRight] as const);
  scope.run(primitive, { src: left, src1: right, dst }, inPlace);
  return true;
}

/** The axes along which the right operand repeats go outermost: then it is one row, read again and again. */
function broadcast(
  { node, outputs: [y] }: KernelCall<Binary>,
  scope: Scope,
  { algorithm, left, right }: { algorithm: BinaryAlgorithm; left: Value; right: Value },
): boolean {
  const shape = staticShape(left);
  const given = staticShape(right);
  const small = [...new Array<number>(shape.length - given.length).fill(1), ...given];
  if (elementCount(small) === 1) return scaled({ node, y: y! }, scope, { algorithm, left, right });
  const repeated = shape.flatMap((size, axis) => (small[axis] === 1 && size > 1 ? [axis] : []));
  const kept = shape.flatMap((_, axis) => (repeated.includes(axis) ? [] : [axis]));
  const rows = elementCount(repeated.map((axis) => shape[axis]!));
  const length = elementCount(kept.map((axis) => shape[axis]!));
  const data = scope.permuted(shape, [...repeated, ...kept]);
  const matrix = scope.plain([rows, length]);
  const row = scope.plain([1, length]);
  const operation = { kind: 'binary', algorithm, left: matrix, right: row, dst: matrix } as const;
  const primitive = required(scope.dnnl, operation, { where: nodeLabel(node) });
  const source = scope.read(left, data);
  const target = scope.write(y!, data);
  scope.run(
    primitive,
    {
      src: scope.seen(source, matrix),
      src1: scope.seen(scope.readPlain(right), row),
      dst: scope.seen(target, matrix),
    },
    [[target, source]],
  );
  return true;
}

/** Every element with the same number. */
function scaled(
  { node, y }: { node: KernelCall<Binary>['node']; y: Value },
  scope: Scope,
  { algorithm, left, right }: { algorithm: BinaryAlgorithm; left: Value; right: Value },
): boolean {
  const data = scope.layoutOf(left) ?? scope.plain(staticShape(left));
  const single = scope.plain(data.dims.map(() => 1));
  const operation = { kind: 'binary', algorithm, left: data, right: single, dst: data } as const;
  const primitive = required(scope.dnnl, operation, { where: nodeLabel(node) });
  const src = scope.read(left, data);
  const dst = scope.write(y, data);
  scope.run(primitive, { src, src1: scope.seen(scope.readPlain(right), single), dst }, [[dst, src]]);
  return true;
}

/** Activations and arithmetic, element by element. */
export const elementwiseKernels = {
  Relu: unary('relu'),
  Sigmoid: unary('logistic'),
  Tanh: unary('tanh'),
  Exp: unary('exp'),
  Log: unary('log'),
  Abs: unary('abs'),
  Sqrt: unary('sqrt'),
  HardSwish: unary('hardswish'),
  Add: binary('add', true),
  Sub: binary('sub', false),
  Mul: binary('mul', true),
  Div: binary('div', false),
  Max: binary('max', true),
  Min: binary('min', true),
  ReluGrad({ node, inputs: [dy, y], outputs: [dx] }, scope) {
    if (isFusedReluGradient(scope, node)) return true;
    const data = scope.layoutOf(y!) ?? scope.plain(staticShape(y!));
    const hint = required(
      scope.dnnl,
      { kind: 'elementwise', algorithm: 'relu', data },
      { where: nodeLabel(node) },
    );
    const primitive = required(scope.dnnl, { kind: 'reluBackward', data, hint }, { where: nodeLabel(node) });
    const diffDst = scope.read(dy!, data);
    const diffSrc = scope.write(dx!, data);
    scope.run(primitive, { dst: scope.read(y!, data), diffDst, diffSrc }, [[diffSrc, diffDst]]);
    return true;
  },
} satisfies Kernels;
