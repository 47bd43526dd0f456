import { type Dim, formatShape, requiredInput, type Shape } from '../graph.ts';
import type { OperatorName } from '../operators/index.ts';
import { stridedContents, stridesOf } from './contents.ts';
import {
  axesOf,
  axisOf,
  broadcast,
  misfit,
  product,
  shapeFrom,
  shapeOf,
  shapeOfUnknownContents,
  unknownDims,
} from './dims.ts';
import { reshapedShape } from './reshape-target.ts';
import { type Call, LONGEST_CONTENTS, type ShapeCall, type ShapeRules } from './rule.ts';

/** Axes of Squeeze and Unsqueeze: an attribute until opset 12, then an input; null where unknown. */
function givenAxes(call: ShapeCall<'Squeeze'>): readonly number[] | null {
  const axes = call.attributes.axes ?? call.contents(1);
  return axes?.every((axis) => typeof axis === 'number') ? (axes as readonly number[]) : null;
}

function squeezed(call: ShapeCall<'Squeeze'>): Shape | null {
  const shape = shapeOf(call, 0);
  if (!shape) return null;
  const axes = givenAxes(call);
  if (!axes) {
    const decided = !call.inputs[1] && shape.every((dim) => typeof dim === 'number');
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
  const shape = shapeOf(call, 0);
  const axes = givenAxes(call);
  if (!shape || !axes) return null;
  const rank = shape.length + axes.length;
  const added = axesOf(call.node, axes, rank);
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!));
}

/** Contents survive any change of shape. */
const keptContents = (call: Call, shape: Shape | null): readonly Dim[] | null => shape && call.elements(0);

/** Contents with the axes in another order. */
function transposedContents(call: Call, shape: Shape, order: readonly number[]): readonly Dim[] | null {
  const elements = call.elements(0);
  const strides = elements && stridesOf(shape);
  return (
    strides &&
    stridedContents(
      elements,
      order.map((axis) => strides[axis]!),
    )
  );
}

function reshaped(call: ShapeCall<'Reshape'>): Shape | null {
  const target = call.contents(1);
  requiredInput(call.node, 1);
  if (!target) return shapeOfUnknownContents(call, 1);
  const allowZero = call.attributes.allowzero === 1;
  return reshapedShape(call.node, shapeOf(call, 0), { target, allowZero });
}

/** y: the input stretched to the target's shape and back. */
function expanded(call: Call): Shape | null {
  const target = call.contents(1);
  const shape = shapeOf(call, 0);
  if (target && shape) return broadcast(call.node, [shape, shapeFrom(call.node, target)]);
  const unknown = target ? unknownDims(target.length) : shapeOfUnknownContents(call, 1);
  return unknown && shape && unknownDims(Math.max(unknown.length, shape.length));
}

function tiled(call: Call): Shape | null {
  const shape = shapeOf(call, 0);
  const repeats = call.contents(1);
  if (!shape || !repeats) return shape && unknownDims(shape.length);
  if (repeats.length !== shape.length) {
    throw misfit(call.node, `expected ${shape.length} repeats, got ${repeats.length}`);
  }
  return shape.map((dim, i) => product(call.node, [dim, repeats[i]!]));
}

function repeatedContents(call: Call, shape: Shape | null): readonly Dim[] | null {
  const contents = call.contents(0);
  const [size = 1] = shape ?? [];
  if (!contents || !shape || shape.length > 1 || typeof size !== 'number' || size > LONGEST_CONTENTS)
    return null;
  return contents.length === 0 ? [] : Array.from({ length: size }, (_, i) => contents[i % contents.length]!);
}

/** Operators that keep the elements in order, or repeat them. */
export const reshapeShapes = {
  Reshape: (call) => {
    const shape = reshaped(call);
    return [{ dtype: requiredInput(call.node, 0).dtype, shape, contents: keptContents(call, shape) }];
  },
  Flatten: (call) => {
    const { dtype, shape } = requiredInput(call.node, 0);
    if (!shape) return [{ dtype, shape: unknownDims(2) }];
    const { axis } = call.attributes;
    const at = axis === shape.length ? axis : axisOf(call.node, axis, shape.length);
    const halves = [shape.slice(0, at), shape.slice(at)];
    const flat = halves.map((dims) => product(call.node, dims));
    return [{ dtype, shape: flat, contents: keptContents(call, flat) }];
  },
  Transpose: (call) => {
    const { dtype, shape } = requiredInput(call.node, 0);
    const order = call.attributes.perm ?? shape?.map((_, axis) => shape.length - 1 - axis);
    if (!shape || !order) return [{ dtype, shape: order ? unknownDims(order.length) : null }];
    if (order.length !== shape.length) {
      throw misfit(call.node, `expected a perm of ${shape.length} axes, got ${order.length}`);
    }
    const axes = axesOf(call.node, order, shape.length);
    const moved = axes.map((axis) => shape[axis]!);
    return [{ dtype, shape: moved, contents: transposedContents(call, shape, axes) }];
  },
  Squeeze: (call) => {
    const shape = squeezed(call);
    return [{ dtype: requiredInput(call.node, 0).dtype, shape, contents: keptContents(call, shape) }];
  },
  Unsqueeze: (call) => {
    const shape = unsqueezed(call);
    return [{ dtype: requiredInput(call.node, 0).dtype, shape, contents: keptContents(call, shape) }];
  },
  Expand: (call) => {
    const shape = expanded(call);
    return [{ dtype: requiredInput(call.node, 0).dtype, shape, contents: repeatedContents(call, shape) }];
  },
  Tile: (call) => {
    const shape = tiled(call);
    return [{ dtype: requiredInput(call.node, 0).dtype, shape, contents: repeatedContents(call, shape) }];
  },
} satisfies Partial<ShapeRules<OperatorName>>;
