import { assert } from '../../../errors.ts';
import { makeValue, type Node, nodeLabel, staticShape, type Value } from '../../../graph/graph.ts';
import { isSubsampling, sliceRanges } from '../../../graph/slice-ranges.ts';
import { toNumbers } from '../../../numeric/tensor.ts';
import type { Operand } from '../compile/operand.ts';
import { requiredPrimitive } from '../compile/primitives.ts';
import type { LoweringScope } from '../compile/scope.ts';
import type { Descriptor } from '../library/api.ts';
import type { Kernels } from './kernel.ts';
import { pool } from './pooling.ts';

/** Offset and sizes of a part of a tensor. */
export interface TensorPart {
  readonly offsets: readonly number[];
  readonly dims: readonly number[];
}

/** Operators that concatenate and split tensors: copies between a tensor and its parts, whose layouts may differ. */
export const joiningKernels = {
  Concat({ node, inputs: { inputs }, outputs: [y], attributes }, scope) {
    const shape = staticShape(y);
    if (y.dtype !== 'float32' || inputs.some((x) => staticShape(x).includes(0))) return false;
    const boxes = boxesAlong(inputs, fromFront(attributes.axis ?? 0, shape));
    const layouts = partition(scope, shape, { boxes, inBlocks: inputs.some((x) => isBlocked(scope, x)) });
    const target = scope.write(y, layouts.whole);
    inputs.forEach((x, i) => {
      copyPart(scope, node, [scope.read(x), { ...target, descriptor: layouts.parts[i]! }]);
    });
    return true;
  },
  Split({ node, inputs: { x }, outputs, attributes }, scope) {
    const shape = staticShape(x);
    const results = outputs.filter((value) => value !== null);
    const isEmpty = results.some((y) => staticShape(y).includes(0));
    if (x.dtype !== 'float32' || results.length < outputs.length || isEmpty) return false;
    const boxes = boxesAlong(results, fromFront(attributes.axis, shape));
    cut(scope, node, { x, boxes, results });
    return true;
  },
  /** A Slice of every n-th pixel is a pool with windows of one element. */
  Slice({ node, inputs: { x }, outputs: [y] }, scope) {
    const ranges = sliceRanges(node);
    if (!ranges || x.dtype !== 'float32' || ranges.some(({ count }) => count === 0)) return false;
    if (isSubsampling(ranges) && ranges.length <= 5) {
      const strides = ranges.slice(2).map(({ step }) => step);
      const kernel = strides.map(() => 1);
      const window = { strides, dilations: kernel, pads: [...kernel, ...kernel].map(() => 0) };
      return pool({ node, algorithm: 'average', kernel, window }, scope, [x, y]);
    }
    if (ranges.some(({ step }) => step !== 1)) return false;
    const box = { offsets: ranges.map(({ first }) => first), dims: ranges.map(({ count }) => count) };
    cut(scope, node, { x, boxes: [box], results: [y] });
    return true;
  },
  /** A single slice of an axis. */
  Gather({ node, inputs: { x, indices }, outputs: [y], attributes }, scope) {
    const [index, ...others] = indices.tensor ? toNumbers(indices.tensor) : [];
    const shape = staticShape(x);
    if (index === undefined || others.length > 0 || x.dtype !== 'float32' || shape.includes(0)) return false;
    const axis = fromFront(attributes.axis, shape);
    const first = index < 0 ? index + shape[axis]! : index;
    const dims = shape.map((size, i) => (i === axis ? 1 : size));
    const taken = makeValue(`${y.name} slice`, 'float32', dims);
    cut(scope, node, {
      x,
      boxes: [{ dims, offsets: dims.map((_, i) => (i === axis ? first : 0)) }],
      results: [taken],
    });
    scope.alias(y, scope.readPlain(taken));
    return true;
  },
} satisfies Kernels;

/** The parts of the concatenated tensor that belong to each value. */
function boxesAlong(values: readonly Value[], axis: number): TensorPart[] {
  let first = 0;
  return values.map((value) => {
    const dims = staticShape(value);
    const offsets = dims.map((_, other) => (other === axis ? first : 0));
    first += dims[axis]!;
    return { offsets, dims };
  });
}

const fromFront = (axis: number, shape: readonly number[]): number => (axis < 0 ? axis + shape.length : axis);

/** Whether the channels of a value are in blocks. */
export function isBlocked(scope: LoweringScope, value: Value): boolean {
  const [layout, shape] = [scope.layoutOf(value), staticShape(value)];
  return (
    layout !== null &&
    !scope.dnnl.equal(layout, scope.plain(shape)) &&
    scope.dnnl.equal(layout, scope.activation(shape))
  );
}

/** A layout of a tensor, with blocked channels if the parts start and end at blocks, and the layouts of its parts. */
export function partition(
  { dnnl, plain, activation }: LoweringScope,
  shape: readonly number[],
  { boxes, inBlocks }: { readonly boxes: readonly TensorPart[]; readonly inBlocks: boolean },
): { readonly whole: Descriptor; readonly parts: readonly Descriptor[] } {
  const partsOf = (whole: Descriptor) =>
    boxes.flatMap(({ dims, offsets }) => dnnl.part(whole, dims, offsets) ?? []);
  for (const whole of inBlocks ? [activation(shape), plain(shape)] : [plain(shape)]) {
    const parts = partsOf(whole);
    if (parts.length === boxes.length) return { whole, parts };
  }
  assert(false, `[${shape}] has parts where it is row-major`);
}

interface TensorCut {
  readonly x: Value;
  readonly boxes: readonly TensorPart[];
  readonly results: readonly Value[];
}

function cut(scope: LoweringScope, node: Node, { x, boxes, results }: TensorCut): void {
  const inBlocks = isBlocked(scope, x);
  const { whole, parts } = partition(scope, staticShape(x), { boxes, inBlocks });
  const source = scope.read(x, whole);
  results.forEach((y, i) => {
    const shape = staticShape(y);
    const target = scope.write(y, inBlocks ? scope.activation(shape) : scope.plain(shape));
    copyPart(scope, node, [{ ...source, descriptor: parts[i]! }, target]);
  });
}

/** Appends a copy between two layouts of the same dimensions. */
export function copyPart(scope: LoweringScope, node: Node, [src, dst]: readonly [Operand, Operand]): void {
  assert(src.descriptor && dst.descriptor, `${nodeLabel(node)} is of float32`);
  const operation = { kind: 'reorder', src: src.descriptor, dst: dst.descriptor } as const;
  scope.run(requiredPrimitive(scope.dnnl, operation, { where: nodeLabel(node) }), { src, dst });
}
