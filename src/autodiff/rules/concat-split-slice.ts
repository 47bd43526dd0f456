import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { isSubsampling, type SliceRange, sliceRanges } from '../../graph/slice-ranges.ts';
import { zip } from '../../numeric/zip.ts';
import { joined, zeros } from '../append.ts';
import { dims, fixedNumbers, refusal } from '../call.ts';
import { insertZeros } from '../insert-zeros.ts';
import type { GradientRows } from '../rule.ts';

/** Reverses some axes of a value. */
function reversed(g: Builder, value: Value, axes: readonly number[]): Value {
  const every = (entry: number) => g.int64s(axes.map(() => entry));
  return g.Slice(value, every(-1), every(-(2 ** 31)), g.int64s(axes), every(-1));
}

/** The adjoint of slicing: the elements at their original indices, with zeros between. */
function unsliced(g: Builder, dy: Value, ranges: readonly SliceRange[]): Value {
  const backwards = ranges.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  const forwards = backwards.length > 0 ? reversed(g, dy, backwards) : dy;
  const apart = insertZeros(
    g,
    forwards,
    ranges.map(({ step }) => Math.abs(step) - 1),
  );
  const before = ranges.map(({ first, step, count }) => (step < 0 ? first + (count - 1) * step : first));
  // Negative if zeros after the last element exceed the axis: Pad then crops.
  const after = zip(ranges, before, dims(apart)).map(([{ size }, first, found]) => size - first - found);
  return [...before, ...after].every((pad) => pad === 0)
    ? apart
    : g.Pad(apart, g.int64s([...before, ...after]));
}

/** Operators that concatenate, split, slice and pad. */
export const joiningGradients = {
  Concat: ({ inputs: { inputs }, attributes: { axis = 0 } }, [dy], g) => {
    const sizes = inputs.flatMap((x) => dims(x).at(axis) ?? []);
    return g.node('Split', [dy, g.int64s(sizes)], { axis }, inputs.length);
  },
  Split: ({ outputs, inputs: { x }, attributes: { axis } }, dy, g) => {
    const parts = outputs.map((y, i) => dy[i] ?? zeros(g, dims(y), x));
    return [joined(g, parts, axis), null];
  },
  Slice: (call, [dy], g) => {
    const shape = dims(call.inputs.x);
    if (dims(dy).includes(0)) return [zeros(g, shape, dy), null, null, null, null];
    const ranges = sliceRanges(call.node);
    if (!ranges) throw refusal(call.node, 'has a gradient only if starts, axes and steps are constant');
    if (isSubsampling(ranges)) {
      const strides = ranges.slice(2).map(({ step }) => step);
      const kernel_shape = strides.map(() => 1);
      return [g.AveragePoolGrad(dy, { kernel_shape, strides, size: shape }), null, null, null, null];
    }
    return [unsliced(g, dy, ranges), null, null, null, null];
  },
  /** The adjoint of padding crops: padding by −p. */
  Pad: (call, [dy], g) => {
    const { mode } = call.attributes;
    if (mode !== 'constant') throw refusal(call.node, `has a gradient only in mode constant, not ${mode}`);
    const pads = g.int64s(fixedNumbers(call, 'pads').map((pad) => 0 - pad));
    return [g.Pad(dy, pads, null, call.inputs.axes)];
  },
} satisfies Partial<GradientRows<OperatorName>>;
