import { zip } from '../../numeric/zip.ts';
import type { Dim, Shape } from '../graph.ts';
import { axisStrides, stridedContents } from './contents.ts';
import { axesOf, misfit, unknownDims } from './dims.ts';
import type { ShapeCall } from './rule.ts';

type Call = ShapeCall<'Slice'>;

/** start:end:step on one axis; null for unknown numbers. */
interface Range {
  readonly axis: number;
  readonly start: Dim;
  readonly end: Dim;
  readonly step: Dim;
}

/** Exporters write "to the last element" as a number beyond any dimension. */
const BEYOND = 2 ** 31 - 1;

/** The shape of data[start:end:step] along the given axes. */
export function slicedShape(call: Call): Shape | null {
  const { shape } = call.inputs.x;
  if (!shape) return null;
  const ranges = rangesOf(call, shape.length);
  if (!ranges) return unknownDims(shape.length);
  const result = [...shape];
  for (const range of ranges) result[range.axis] = slicedDim(shape[range.axis] ?? null, range);
  return result;
}

/** The elements of a sliced tensor. */
export function slicedContents(call: Call): readonly Dim[] | null {
  const { x } = call.inputs;
  const elements = call.elements(x);
  const shape = elements && x.shape;
  const axes = shape && axisStrides(shape.length === 1 ? [elements.length] : shape);
  const ranges = axes && rangesOf(call, shape.length);
  if (!ranges) return null;
  let start = 0;
  for (const range of ranges) {
    const along = axes[range.axis];
    const bounds = along && boundsOf(along.size, range);
    if (!bounds) return null;
    start += bounds.first * along.step;
    axes[range.axis] = { size: bounds.count, step: bounds.step * along.step };
  }
  return stridedContents(elements, axes, start);
}

/** The ranges, from inputs data, starts, ends, axes, steps; up to opset 9 starts, ends and axes are attributes. */
function rangesOf(call: Call, rank: number): Range[] | null {
  const { node, inputs, attributes } = call;
  const starts = attributes.starts ?? call.contents(inputs.starts);
  const ends = attributes.ends ?? call.contents(inputs.ends);
  const length = starts?.length ?? ends?.length;
  const all = length === undefined ? null : Array.from({ length: Math.min(length, rank + 1) }, (_, i) => i);
  const axes = attributes.axes ?? (inputs.axes ? call.contents(inputs.axes) : all);
  if (!axes?.every((axis) => typeof axis === 'number')) return null;
  const steps = inputs.steps ? (call.contents(inputs.steps) ?? unknownDims(axes.length)) : axes.map(() => 1);
  for (const list of [starts, ends, steps]) {
    if (list && list.length !== axes.length) {
      throw misfit(node, `expected starts, ends and steps for ${axes.length} axes, got ${list.length}`);
    }
  }
  if (steps.includes(0)) throw misfit(node, 'expected steps other than 0, got 0');
  return zip(axesOf(node, axes as number[], rank), steps).map(([axis, step], i) => ({
    axis,
    start: starts?.[i] ?? null,
    end: ends?.[i] ?? null,
    step,
  }));
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

/** The indices that a range selects from an axis of `size`; null if the range is unknown. */
function boundsOf(size: number, { start, end, step }: Range): Bounds | null {
  if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number') return null;
  const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (position: number) =>
    Math.min(Math.max(position < 0 ? position + size : position, least), most);
  const first = Math.max(clamp(start), step > 0 ? 0 : Math.min(0, size - 1));
  const count = Math.max(0, Math.ceil((clamp(end) - first) / step));
  return { first, step, count };
}
