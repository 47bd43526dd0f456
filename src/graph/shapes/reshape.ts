import { zip } from '../../numeric/zip.ts';
import { type Dim, formatShape, type Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { axisStrides, stridedContents } from './contents.ts';
import {
  axesOf,
  axisOf,
  broadcast,
  misfit,
  product,
  shapeFrom,
  shapeOfUnknownContents,
  unknownDims,
} from './dims.ts';
import { reshapedShape } from './reshape-target.ts';
import { type CallOnX, LONGEST_CONTENTS, type ShapeCall, type ShapeRules } from './rule.ts';

/** The axes of Squeeze and Unsqueeze: an attribute up to opset 12, then an input; null if unknown. */
function givenAxes(call: ShapeCall<'Squeeze' | 'Unsqueeze'>): readonly number[] | null {
  const axes = call.attributes.axes ?? call.contents(call.inputs.axes);
  return axes?.every((axis) => typeof axis === 'number') ? (axes as readonly number[]) : null;
}

function squeezed(call: ShapeCall<'Squeeze'>): Shape | null {
  const { shape } = call.inputs.x;
  if (!shape) return null;
  const axes = givenAxes(call);
  if (!axes) {
    const decided = !call.inputs.axes && shape.every((dim) => typeof dim === 'number');
    return decided ? shape.filter((dim) => dim !== 1) : null;
  }
  const gone = axesOf(call.node, axes, shape.length);
  for (const axis of gone) {
    const dim = shape[axis];
    if (typeof dim === 'number' && dim !== 1) {
      throw misfit(call.node, `expected 1 on axis ${axis}, got ${formatShape(shape)}`);
    }
  }
  return shape.filter((_, axis) => !gone.includes(axis));
}

function unsqueezed(call: ShapeCall<'Unsqueeze'>): Shape | null {
  const { shape } = call.inputs.x;
  const axes = givenAxes(call);
  if (!shape || !axes) return null;
  const rank = shape.length + axes.length;
  const added = axesOf(call.node, axes, rank);
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : (rest.shift() ?? null)));
}

/** Contents do not change with the shape. */
const keptContents = (call: CallOnX, shape: Shape | null): readonly Dim[] | null =>
  shape && call.elements(call.inputs.x);

/** Contents with permuted axes. */
function transposedContents(call: CallOnX, shape: Shape, order: readonly number[]): readonly Dim[] | null {
  const elements = call.elements(call.inputs.x);
  const strides = elements && axisStrides(shape);
  const moved = strides && order.flatMap((axis) => strides[axis] ?? []);
  return moved && stridedContents(elements, moved);
}

function reshaped(call: ShapeCall<'Reshape'>): Shape | null {
  const { x, shape } = call.inputs;
  const target = call.contents(shape);
  if (!target) return shapeOfUnknownContents(shape);
  const allowZero = call.attributes.allowzero === 1;
  return reshapedShape(call.node, x.shape, { target, allowZero });
}

/** The input and the target shape, broadcast to one another. */
function expanded(call: ShapeCall<'Expand'>): Shape | null {
  const { x, shape: wanted } = call.inputs;
  const target = call.contents(wanted);
  const { shape } = x;
  if (target && shape) return broadcast(call.node, [shape, shapeFrom(call.node, target)]);
  const unknown = target ? unknownDims(target.length) : shapeOfUnknownContents(wanted);
  return unknown && shape && unknownDims(Math.max(unknown.length, shape.length));
}

function tiled(call: ShapeCall<'Tile'>): Shape | null {
  const { shape } = call.inputs.x;
  const repeats = call.contents(call.inputs.repeats);
  if (!shape || !repeats) return shape && unknownDims(shape.length);
  if (repeats.length !== shape.length) {
    throw misfit(call.node, `expected ${shape.length} repeats, got ${repeats.length}`);
  }
  return zip(shape, repeats).map((factors) => product(call.node, factors));
}

function repeatedContents(call: CallOnX, shape: Shape | null): readonly Dim[] | null {
  const contents = call.contents(call.inputs.x);
  const [size = 1] = shape ?? [];
  if (!contents || !shape || shape.length > 1 || typeof size !== 'number' || size > LONGEST_CONTENTS)
    return null;
  return contents.length === 0
    ? []
    : Array.from({ length: size }, (_, i) => contents[i % contents.length] ?? null);
}

/** Operators that keep elements in order, or repeat them. */
export const reshapeShapes = {
  Reshape: (call) => {
    const shape = reshaped(call);
    return [{ dtype: call.inputs.x.dtype, shape, contents: keptContents(call, shape) }];
  },
  Flatten: (call) => {
    const { dtype, shape } = call.inputs.x;
    if (!shape) return [{ dtype, shape: unknownDims(2) }];
    const { axis } = call.attributes;
    const at = axis === shape.length ? axis : axisOf(call.node, axis, shape.length);
    const halves = [shape.slice(0, at), shape.slice(at)];
    const flat = halves.map((dims) => product(call.node, dims));
    return [{ dtype, shape: flat, contents: keptContents(call, flat) }];
  },
  Transpose: (call) => {
    const { dtype, shape } = call.inputs.x;
    const order = call.attributes.perm ?? shape?.map((_, axis) => shape.length - 1 - axis);
    if (!shape || !order) return [{ dtype, shape: order ? unknownDims(order.length) : null }];
    if (order.length !== shape.length) {
      throw misfit(call.node, `expected a perm of ${shape.length} axes, got ${order.length}`);
    }
    const axes = axesOf(call.node, order, shape.length);
    const moved = axes.map((axis) => shape[axis] ?? null);
    return [{ dtype, shape: moved, contents: transposedContents(call, shape, axes) }];
  },
  Squeeze: (call) => {
    const shape = squeezed(call);
    return [{ dtype: call.inputs.x.dtype, shape, contents: keptContents(call, shape) }];
  },
  Unsqueeze: (call) => {
    const shape = unsqueezed(call);
    return [{ dtype: call.inputs.x.dtype, shape, contents: keptContents(call, shape) }];
  },
  Expand: (call) => {
    const shape = expanded(call);
    return [{ dtype: call.inputs.x.dtype, shape, contents: repeatedContents(call, shape) }];
  },
  Tile: (call) => {
    const shape = tiled(call);
    return [{ dtype: call.inputs.x.dtype, shape, contents: repeatedContents(call, shape) }];
  },
} satisfies Partial<ShapeRules<OperatorName>>;
