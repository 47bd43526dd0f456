import type { Dim, Shape } from '../graph.ts';
import { stridedContents, stridesOf } from './contents.ts';
import { axesOf, misfit, shapeOf, unknownDims } from './dims.ts';
import type { ShapeCall } from './rule.ts';

type Call = ShapeCall<'Slice'>;

/** start:end:step on one axis; null where unknown. */
interface Range {
  readonly axis: number;
  readonly start: Dim;
  readonly end: Dim;
  readonly step: Dim;
}

/** The ends that exporters write for "to the last element": beyond any dimension. */
const BEYOND = 2 ** 31 - 1;

/** data[start:end:step] along the given axes. */
export function slicedShape(call: Call): Shape | null {
  const shape = shapeOf(call, 0);
  if (!shape) return null;
  const ranges = rangesOf(call, shape.length);
  if (!ranges) return unknownDims(shape.length);
  const result = [...shape];
  for (const range of ranges) result[range.axis] = slicedDim(shape[range.axis]!, range);
  return result;
}

/** The elements of a sliced tensor. */
export function slicedContents(call: Call): readonly Dim[] | null {
  const elements = call.elements(0);
  const shape = elements && shapeOf(call, 0);
  const axes = shape && stridesOf(shape.length === 1 ? [elements.length] : shape);
  const ranges = axes && rangesOf(call, shape.length);
  if (!ranges) return null;
  let start = 0;
  for (const range of ranges) {
    const { size, step } = axes[range.axis]!;
    const bounds = boundsOf(size, range);
    if (!bounds) return null;
    start += bounds.first * step;
    axes[range.axis] = { size: bounds.count, step: bounds.step * step };
  }
  return stridedContents(elements, axes, start);
}

/** Inputs are data, starts, ends, axes, steps; until opset 9 starts, ends and axes were attributes. */
function rangesOf(call: Call, rank: number): Range[] | null {
  const { node, inputs, attributes } = call;
  const starts = attributes.starts ?? call.contents(1);
  const ends = attributes.ends ?? call.contents(2);
  const length = starts?.length ?? ends?.length;
  const all = length === undefined ? null : Array.from({ length: Math.min(length, rank + 1) }, (_, i) => i);
  const axes = attributes.axes ?? (inputs[3] ? call.contents(3) : all);
  if (!axes?.every((axis) => typeof axis === 'number')) return null;
  const steps = inputs[4] ? (call.contents(4) ?? unknownDims(axes.length)) : axes.map(() => 1);
  for (const list of [starts, ends, steps]) {
    if (list && list.length !== axes.length) {
      throw misfit(node, `expected starts, ends and steps for ${axes.length} axes, got ${list.length}`);
    }
  }
  return axesOf(node, axes as number[], rank).map((axis, i) => {
    if (steps[i] === 0) throw misfit(node, 'expected steps other than 0, got 0');
    return { axis, start: starts?.[i] ?? null, end: ends?.[i] ?? null, step: steps[i]! };
  });
}

function slicedDim(dim: Dim, range: Range): Dim {
  if (typeof dim === 'number') return boundsOf(dim, range)?.count ?? null;
  const { start, end, step } = range;
  const everything = start === 0 && step === 1 && (end === dim || (typeof end === 'number' && end >= BEYOND));
  return everything && dim !== null ? dim : null;
}

interface Bounds {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** The elements that a range picks from an axis of `size`; null where the range is not known. */
function boundsOf(size: number, { start, end, step }: Range): Bounds | null {
  if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number') return null;
  const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (position: number) =>
    Math.min(Math.max(position < 0 ? position + size : position, least), most);
  const first = Math.max(clamp(start), step > 0 ? 0 : Math.min(0, size - 1));
  const count = Math.max(0, Math.ceil((clamp(end) - first) / step));
  return { first, step, count };
}
