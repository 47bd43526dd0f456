import {
  makeValue,
  type Node,
  nodeLabel,
  onlyOutput,
  staticShape,
  type Value,
} from '../../../graph/graph.ts';
import { byteWidth, elementCount } from '../../../numeric/tensor.ts';
import type { NativeOperand } from '../compile/operand.ts';
import { isFast, requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { BinaryAlgorithm, Descriptor, PostOperation } from '../library/api.ts';
import type { Kernel, Kernels } from './kernel.ts';
import { followingRelu } from './normalization.ts';

type Binary = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min';

function binary(algorithm: BinaryAlgorithm, commutes: boolean): Kernel<Binary> {
  return ({ node, inputs, outputs: [y] }, scope) => {
    const [first, second, ...others] = 'inputs' in inputs ? inputs.inputs : [inputs.a, inputs.b];
    if (!first || !second || others.length > 0) return false;
    const fits = (value: Value) => sameShape(staticShape(value), staticShape(y));
    const call = { node, algorithm, left: first, right: second, y };
    if (fits(first) && fits(second)) return equalShapes(call, scope, commutes);
    if (fits(first)) return broadcast(call, scope);
    if (!fits(second)) return false;
    const swapped = { ...call, left: second, right: first };
    if (commutes) return broadcast(swapped, scope);
    return (
      algorithm === 'sub' &&
      broadcast({ ...swapped, algorithm: 'add', left: negated(scope, second, node) }, scope)
    );
  };
}

/** −x, as a value of its own. */
function negated(scope: LoweringScope, x: Value, node: Node): Value {
  const data = scope.layoutOf(x) ?? scope.plain(staticShape(x));
  const operation = { kind: 'elementwise', algorithm: 'linear', alpha: -1, data } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) });
  const result = makeValue(`−${x.name}`, x.dtype, x.shape);
  const src = scope.read(x, data);
  const dst = scope.write(result, data);
  scope.run(primitive, { src, dst }, [[dst, src]]);
  return result;
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** y = left ∘ right. */
interface BinaryCall {
  readonly node: Node;
  readonly algorithm: BinaryAlgorithm;
  readonly left: Value;
  readonly right: Value;
  readonly y: Value;
}

/**
 * Operands of equal shape. The result may overwrite an operand that is no longer needed, and is fused with a Relu that is its
 * only reader.
 */
function equalShapes(
  { node, algorithm, left: a, right: b, y }: BinaryCall,
  scope: LoweringScope,
  commutes: boolean,
): boolean {
  // State has the layout that its update needs, so the other operand adapts to it.
  const settled = scope.isState(b)
    ? (scope.layoutOf(b) ?? scope.layoutOf(a))
    : (scope.layoutOf(a) ?? scope.layoutOf(b));
  const data = settled ?? scope.plain(staticShape(a));
  const relu = followingRelu(scope, y);
  const after: PostOperation[] = relu ? [{ kind: 'elementwise', algorithm: 'relu' }] : [];
  const operation = { kind: 'binary', algorithm, left: data, right: data, dst: data } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node), after });
  const [left, right] = [scope.read(a, data), scope.read(b, data)];
  const dst = scope.write(relu ? onlyOutput(relu) : y, data);
  if (relu) scope.skip(relu);
  // oneDNN's reference kernel clears its result before it reads the right operand.
  const overRight = commutes && isFast(primitive) ? ([[dst, right]] as const) : [];
  // With a fused Relu, the optimised kernel does not write the padding of blocks when it works in place.
  const isPadded = data.bytes > byteWidth('float32') * elementCount(data.dims);
  const inPlace = relu && isPadded ? [] : ([[dst, left], ...overRight] as const);
  scope.run(primitive, { src: left, src1: right, dst }, inPlace);
  return true;
}

/** The right operand is broadcast along axes of the left one. */
export function broadcast({ node, algorithm, left, right, y }: BinaryCall, scope: LoweringScope): boolean {
  // 0/0 in the padding of blocks would be NaN.
  const { data, seen, row } = repeatedOperand(scope, left, right, { inBlocks: algorithm !== 'div' });
  const operation = {
    kind: 'binary',
    algorithm,
    left: seen,
    right: row.descriptor,
    dst: seen,
  } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) });
  const source = scope.seen(scope.read(left, data), seen);
  const target = scope.seen(scope.write(y, data), seen);
  scope.run(primitive, { src: source, src1: row, dst: target }, [[target, source]]);
  return true;
}

interface Repeated {
  /** The layout that the tensor must have. */
  readonly data: Descriptor;
  /** The descriptor with which the primitive interprets it. */
  readonly seen: Descriptor;
  readonly row: NativeOperand;
}

/** How a primitive reads a tensor, and a smaller one that is broadcast along some of its axes. */
export function repeatedOperand(
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
    const elements = data.bytes / byteWidth('float32');
    // Padding must remain 0, which a sum would change.
    const seen = elements === elementCount(shape) ? scope.plain([1, elements]) : data;
    const single = scope.plain(seen.dims.map(() => 1));
    return { data, seen, row: scope.seen(scope.readPlain(small), single) };
  }
  const blocked = scope.activation(shape);
  const isPerChannel = sizes.every((size, axis) => size === (axis === 1 ? shape[1] : 1));
  if (inBlocks && isPerChannel && hasLayout(scope, tensor, blocked)) {
    const perChannel = scope.activation(sizes);
    return { data: blocked, seen: blocked, row: scope.seen(scope.read(small, perChannel), perChannel) };
  }
  const leading = sizes.findIndex((size, axis) => size !== shape[axis]);
  if (sizes.every((size, axis) => axis < leading || size === 1))
    return repeatedBehind(scope, tensor, { small, sizes, leading, inBlocks });
  // The broadcast axes become the outermost, so that the smaller tensor is a single row that is read repeatedly.
  const outer = shape.flatMap((size, axis) => (sizes[axis] === 1 && size > 1 ? [axis] : []));
  const kept = shape.flatMap((_, axis) => (outer.includes(axis) ? [] : [axis]));
  const rows = elementCount(shape.filter((_, axis) => outer.includes(axis)));
  const length = elementCount(shape.filter((_, axis) => !outer.includes(axis)));
  return {
    data: scope.permuted(shape, [...outer, ...kept]),
    seen: scope.plain([rows, length]),
    row: scope.seen(scope.readPlain(small), scope.plain([1, length])),
  };
}

/** An operand that is repeated along the last axes: a number a channel of one image that holds those of all. */
function repeatedBehind(
  scope: LoweringScope,
  tensor: Value,
  given: {
    readonly small: Value;
    readonly sizes: readonly number[];
    readonly leading: number;
    readonly inBlocks: boolean;
  },
): Repeated {
  const { small, sizes, leading, inBlocks } = given;
  const shape = staticShape(tensor);
  const blocked = scope.activation(shape);
  if (inBlocks && leading === 2 && hasLayout(scope, tensor, blocked)) {
    const perImage = scope.activation(sizes);
    const padded = (layout: Descriptor) =>
      layout.bytes / byteWidth('float32') / elementCount(layout.dims.slice(2));
    const joined = (layout: Descriptor) => scope.activation([1, padded(layout), ...layout.dims.slice(2)]);
    return {
      data: blocked,
      seen: joined(blocked),
      row: scope.seen(scope.read(small, perImage), joined(perImage)),
    };
  }
  const rows = elementCount(shape.slice(0, leading));
  return {
    data: scope.plain(shape),
    seen: scope.plain([1, rows, elementCount(shape.slice(leading))]),
    row: scope.seen(scope.readPlain(small), scope.plain([1, rows, 1])),
  };
}

function hasLayout(scope: LoweringScope, value: Value, layout: Descriptor): boolean {
  const present = scope.layoutOf(value);
  return present !== null && scope.dnnl.equal(present, layout);
}

/** Sums of several values of one shape, one after the other. */
const sum: Kernel<'Sum'> = ({ node, inputs: { inputs }, outputs: [y] }, scope) => {
  const [first, ...others] = inputs;
  const shape = staticShape(y);
  if (!first || others.length === 0 || !inputs.every((x) => sameShape(staticShape(x), shape))) return false;
  const data = inputs.map(scope.layoutOf).find((layout) => layout !== null) ?? scope.plain(shape);
  const operation = { kind: 'binary', algorithm: 'add', left: data, right: data, dst: data } as const;
  const primitive = requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) });
  let total = scope.read(first, data);
  for (const [i, other] of others.entries()) {
    const isLast = i === others.length - 1;
    const dst = isLast ? scope.write(y, data) : scope.scratch(`${y.name} so far`, data);
    scope.run(primitive, { src: total, src1: scope.read(other, data), dst }, [[dst, total]]);
    total = dst;
  }
  return true;
};

/** Elementwise arithmetic. */
export const binaryKernels = {
  Sum: sum,
  Add: binary('add', true),
  Sub: binary('sub', false),
  Mul: binary('mul', true),
  Div: binary('div', false),
  Max: binary('max', true),
  Min: binary('min', true),
} satisfies Kernels;
