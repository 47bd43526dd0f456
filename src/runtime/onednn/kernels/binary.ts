import { nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { byteWidth, elementCount } from '../../../numeric/tensor.ts';
import type { Operand } from '../compile/operand.ts';
import { isFast, required } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { BinaryAlgorithm, Descriptor, PostOperation } from '../library/api.ts';
import type { Kernel, KernelCall, Kernels } from './kernel.ts';
import { followingRelu } from './normalization.ts';

type Binary = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min';

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
  scope: LoweringScope,
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

/** a ∘ b, b repeated along axes of a. */
function broadcast(
  { node, outputs: [y] }: KernelCall<Binary>,
  scope: LoweringScope,
  { algorithm, left, right }: { algorithm: BinaryAlgorithm; left: Value; right: Value },
): boolean {
  // 0/0 in the channels that pad a block would be NaN.
  const { data, seen, row } = repeated(scope, left, right, { inBlocks: algorithm !== 'div' });
  const operation = {
    kind: 'binary',
    algorithm,
    left: seen,
    right: row.descriptor!,
    dst: seen,
  } as const;
  const primitive = required(scope.dnnl, operation, { where: nodeLabel(node) });
  const source = scope.seen(scope.read(left, data), seen);
  const target = scope.seen(scope.write(y!, data), seen);
  scope.run(primitive, { src: source, src1: row, dst: target }, [[target, source]]);
  return true;
}

interface Repeated {
  /** The layout that the tensor must have. */
  readonly data: Descriptor;
  /** What a primitive then takes it for. */
  readonly seen: Descriptor;
  readonly row: Operand;
}

/** How a primitive reads a tensor, and a smaller one that is repeated along some of its axes. */
export function repeated(
  scope: LoweringScope,
  tensor: Value,
  small: Value,
  { inBlocks }: { readonly inBlocks: boolean },
): Repeated {
  const shape = staticShape(tensor);
  const given = staticShape(small);
  const sizes = [...new Array<number>(shape.length - given.length).fill(1), ...given];
  if (elementCount(sizes) === 1) {
    const data = scope.layoutOf(tensor) ?? scope.plain(shape);
    const single = scope.plain(data.dims.map(() => 1));
    return { data, seen: data, row: scope.seen(scope.readPlain(small), single) };
  }
  const blocked = scope.activation(shape);
  const isPerChannel = sizes.every((size, axis) => size === (axis === 1 ? shape[1] : 1));
  if (inBlocks && isPerChannel && hasLayout(scope, tensor, blocked)) {
    return { data: blocked, seen: blocked, row: scope.read(small, scope.activation(sizes)) };
  }
  // The axes along which it is repeated go outermost: then it is one row, read again and again.
  const outer = shape.flatMap((size, axis) => (sizes[axis] === 1 && size > 1 ? [axis] : []));
  const kept = shape.flatMap((_, axis) => (outer.includes(axis) ? [] : [axis]));
  const rows = elementCount(outer.map((axis) => shape[axis]!));
  const length = elementCount(kept.map((axis) => shape[axis]!));
  return {
    data: scope.permuted(shape, [...outer, ...kept]),
    seen: scope.plain([rows, length]),
    row: scope.seen(scope.readPlain(small), scope.plain([1, length])),
  };
}

function hasLayout(scope: LoweringScope, value: Value, layout: Descriptor): boolean {
  const present = scope.layoutOf(value);
  return present !== null && scope.dnnl.equal(present, layout);
}

/** Arithmetic, element by element. */
export const binaryKernels = {
  Add: binary('add', true),
  Sub: binary('sub', false),
  Mul: binary('mul', true),
  Div: binary('div', false),
  Max: binary('max', true),
  Min: binary('min', true),
} satisfies Kernels;
