import { zip } from '../../numeric/zip.ts';
import type { Dim, Shape, Value } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { axesOf, axisOf, equalDims, misfit, sizeOf, sum, unknownDims } from './dims.ts';
import { type Call, type Inferred, LONGEST_CONTENTS, type ShapeCall, type ShapeRules } from './rule.ts';
import { slicedContents, slicedShape } from './slicing.ts';

function concatenated(call: ShapeCall<'Concat'>): Shape | null {
  const { node } = call;
  const { axis } = call.attributes;
  if (axis === undefined) throw misfit(node, 'expected an axis, got none');
  let result: Shape | null = null;
  for (const { shape } of call.inputs.inputs) {
    if (!shape) return null;
    result = result ? joined(call, axis, [result, shape]) : shape;
    axisOf(node, axis, shape.length);
  }
  return result;
}

function joined({ node }: Call, axis: number, [a, b]: readonly [Shape, Shape]): Shape {
  if (a.length !== b.length) throw misfit(node, `expected ${a.length} dimensions, got ${b.length}`);
  const at = axisOf(node, axis, a.length);
  return zip(a, b).map(([x, y], i) => (i === at ? sum(node, x, y) : equalDims(node, `on axis ${i}`, x, y)));
}

function joinedContents(call: ShapeCall<'Concat'>): readonly Dim[] | null {
  const all: Dim[] = [];
  for (const input of call.inputs.inputs) {
    // A vector with known length and unknown elements does not affect the other elements.
    const contents = call.contents(input) ?? unknownElements(input);
    if (!contents || all.length + contents.length > LONGEST_CONTENTS) return null;
    all.push(...contents);
  }
  return all.some((element) => element !== null) ? all : null;
}

function unknownElements({ shape }: Value): readonly Dim[] | null {
  const length = shape?.length === 1 ? shape[0] : null;
  return typeof length === 'number' && length <= LONGEST_CONTENTS ? unknownDims(length) : null;
}

function parts(call: ShapeCall<'Split'>): Inferred[] {
  const { node, attributes } = call;
  const { dtype, shape } = call.inputs.x;
  const count = node.outputs.length;
  if (!shape) return node.outputs.map(() => ({ dtype, shape }));
  const at = axisOf(node, attributes.axis, shape.length);
  const sizes = partSizes(call, shape[at] ?? null);
  if (sizes.length !== count) throw misfit(node, `expected sizes of ${count} parts, got ${sizes.length}`);
  return sizes.map((size) => ({ dtype, shape: shape.map((dim, axis) => (axis === at ? size : dim)) }));
}

/** The given sizes of the parts, or equal ones, where the last may be smaller with `num_outputs`. */
function partSizes(call: ShapeCall<'Split'>, whole: Dim): readonly Dim[] {
  const { node, inputs, attributes } = call;
  const count = node.outputs.length;
  const given = attributes.split ?? (inputs.split && (call.contents(inputs.split) ?? unknownDims(count)));
  if (given) {
    const known = given.map((size) => (typeof size === 'number' ? sizeOf(node, size) : size));
    if (known.every((size) => typeof size === 'number')) {
      equalDims(
        node,
        'elements in all parts',
        whole,
        (known as number[]).reduce((a, b) => a + b, 0),
      );
    }
    return known;
  }
  if (typeof whole !== 'number') return count === 1 ? [whole] : unknownDims(count);
  if (attributes.num_outputs === undefined && whole % count !== 0) {
    throw misfit(node, `expected a multiple of ${count} on the axis, got ${whole}`);
  }
  const part = Math.ceil(whole / count);
  return Array.from({ length: count }, (_, i) =>
    i < count - 1 ? part : sizeOf(node, whole - part * (count - 1)),
  );
}

/** Adds the contents of the parts of a vector. */
function withContents(call: ShapeCall<'Split'>, inferred: Inferred[]): Inferred[] {
  const contents = call.contents(call.inputs.x);
  let start = 0;
  return inferred.map((part) => {
    const size = part.shape?.[0];
    if (!contents || typeof size !== 'number') return part;
    start += size;
    return { ...part, contents: contents.slice(start - size, start) };
  });
}

function padded(call: ShapeCall<'Pad'>): Shape | null {
  const { node, inputs } = call;
  const { shape } = inputs.x;
  if (!shape) return null;
  const pads = call.attributes.pads ?? call.contents(inputs.pads);
  const given = inputs.axes ? call.contents(inputs.axes) : shape.map((_, axis) => axis);
  if (!pads || !given?.every((axis) => typeof axis === 'number')) return unknownDims(shape.length);
  const axes = axesOf(node, given as number[], shape.length);
  if (pads.length !== 2 * axes.length) {
    throw misfit(node, `expected ${2 * axes.length} pads, got ${pads.length}`);
  }
  const result = [...shape];
  for (const [axis, begin, end] of zip(axes, pads.slice(0, axes.length), pads.slice(axes.length))) {
    result[axis] = paddedDim(call, shape[axis] ?? null, [begin, end]);
  }
  return result;
}

/** size + begin + end; negative padding crops. */
function paddedDim({ node }: Call, dim: Dim, [begin, end]: readonly [Dim, Dim]): Dim {
  if (begin === 0 && end === 0) return dim;
  const known = typeof dim === 'number' && typeof begin === 'number' && typeof end === 'number';
  return known ? sizeOf(node, dim + begin + end) : null;
}

/** Operators that concatenate, split, slice and pad. */
export const joiningShapes = {
  Concat: (call) => {
    const shape = concatenated(call);
    const contents = shape?.length === 1 ? joinedContents(call) : null;
    return [{ dtype: call.inputs.inputs[0]?.dtype ?? null, shape, contents }];
  },
  Split: (call) => withContents(call, parts(call)),
  Slice: (call) => [{ dtype: call.inputs.x.dtype, shape: slicedShape(call), contents: slicedContents(call) }],
  Pad: (call) => [{ dtype: call.inputs.x.dtype, shape: padded(call) }],
} satisfies Partial<ShapeRules<OperatorName>>;
