import { toNumbers } from '../numeric/tensor.ts';
import { zip } from '../numeric/zip.ts';
import { type Node, onlyOutput, requiredInput, staticShape } from './graph.ts';
import { inputsOf } from './operators/index.ts';

/** `count` elements x[first], x[first + step], … of an axis of `size`. */
export interface SliceRange {
  readonly size: number;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** The range of each axis that a Slice with fixed shapes selects; null if starts, axes or steps are computed. */
export function sliceRanges(node: Node): SliceRange[] | null {
  const inputs = inputsOf(node, 'Slice');
  const starts = numbersOf(inputs.starts);
  const axes = inputs.axes ? numbersOf(inputs.axes) : starts?.map((_, axis) => axis);
  const steps = inputs.steps ? numbersOf(inputs.steps) : starts?.map(() => 1);
  if (!starts || !axes || !steps) return null;
  const shapes = zip(staticShape(requiredInput(node, 0)), staticShape(onlyOutput(node)));
  const ranges = shapes.map(([size, count]): SliceRange => ({ size, first: 0, step: 1, count }));
  for (const [given, start, step] of zip(axes, starts, steps)) {
    const axis = given < 0 ? given + ranges.length : given;
    const range = ranges[axis];
    if (!range) continue;
    const { size, count } = range;
    const first = Math.min(Math.max(start < 0 ? start + size : start, 0), step > 0 ? size : size - 1);
    ranges[axis] = { size, first, step, count };
  }
  return ranges;
}

/** Whether a Slice takes every n-th pixel from the first on, which is a pool with windows of one element. */
export function isSubsampling([images, channels, ...places]: readonly SliceRange[]): boolean {
  const isWhole = (range?: SliceRange) => range?.step === 1 && range.count === range.size;
  const isRegular = ({ size, first, step, count }: SliceRange) =>
    first === 0 && step > 0 && count === Math.ceil(size / step);
  const whole = isWhole(images) && isWhole(channels);
  return whole && places.every(isRegular) && places.some(({ step }) => step > 1);
}

const numbersOf = (value: { readonly tensor: Parameters<typeof toNumbers>[0] | null } | null | undefined) =>
  value?.tensor ? toNumbers(value.tensor) : null;
