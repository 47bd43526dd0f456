import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import type { OperatorCall } from '../../graph/operators/call.ts';
import type { OperatorName } from '../../graph/operators/index.ts';
import { joined, zeros } from '../append.ts';
import { allAxes, dims, fixedNumbers, refusal } from '../call.ts';
import { insertZeros } from '../insert-zeros.ts';
import type { GradientRows } from '../rule.ts';

/** x[first], x[first + step], …, `count` elements of one axis. */
interface Range {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** What a Slice takes of each axis. */
function rangesOf(call: OperatorCall<'Slice'>): Range[] {
  const { inputs } = call;
  const starts = fixedNumbers(call, 'starts');
  const axes = inputs.axes ? fixedNumbers(call, 'axes') : starts.map((_, axis) => axis);
  const steps = inputs.steps ? fixedNumbers(call, 'steps') : starts.map(() => 1);
  const ranges = dims(inputs.x).map((count): Range => ({ first: 0, step: 1, count }));
  axes.forEach((given, i) => {
    const axis = given < 0 ? given + ranges.length : given;
    const size = dims(inputs.x)[axis]!;
    const start = starts[i]! < 0 ? starts[i]! + size : starts[i]!;
    const first = Math.min(Math.max(start, 0), steps[i]! > 0 ? size : size - 1);
    ranges[axis] = { first, step: steps[i]!, count: dims(call.outputs[0])[axis]! };
  });
  return ranges;
}

/** The value with some axes in reverse order. */
function reversed(g: Builder, value: Value, axes: readonly number[]): Value {
  const every = (entry: number) => g.int64s(axes.map(() => entry));
  return g.Slice(value, every(-1), every(-(2 ** 31)), g.int64s(axes), every(-1));
}

/** Puts the elements that the ranges took back in their places among zeros. */
function unsliced(
  g: Builder,
  dy: Value,
  call: { ranges: readonly Range[]; shape: readonly number[] },
): Value {
  const { ranges, shape } = call;
  const backwards = allAxes(dy).filter((axis) => ranges[axis]!.step < 0);
  const forwards = backwards.length > 0 ? reversed(g, dy, backwards) : dy;
  const apart = insertZeros(
    g,
    forwards,
    ranges.map(({ step }) => Math.abs(step) - 1),
  );
  const before = ranges.map(({ first, step, count }) => (step < 0 ? first + (count - 1) * step : first));
  // Below 0 where zeros behind the last element reach over the edge: Pad then cuts them off.
  const after = shape.map((size, axis) => size - before[axis]! - dims(apart)[axis]!);
  return [...before, ...after].every((pad) => pad === 0)
    ? apart
    : g.Pad(apart, g.int64s([...before, ...after]));
}

/** Whether a Slice takes every n-th place of an image, from the first on: then it is a pool of one element. */
function isSubsampling(ranges: readonly Range[], shape: readonly number[]): boolean {
  const [images, channels, ...places] = ranges;
  const whole = [images, channels].every((range, axis) => range?.step === 1 && range.count === shape[axis]);
  const regular = places.every(
    ({ first, step, count }, axis) => first === 0 && step > 0 && count === Math.ceil(shape[axis + 2]! / step),
  );
  return whole && regular && places.some(({ step }) => step > 1);
}

/** Operators that join tensors, cut them and pad them. */
export const joiningGradients = {
  Concat: ({ inputs: { inputs }, attributes: { axis } }, [dy], g) => {
    const sizes = inputs.map((x) => dims(x).at(axis!)!);
    return g.node('Split', [dy, g.int64s(sizes)], { axis }, inputs.length);
  },
  Split: ({ outputs, inputs: { x }, attributes: { axis } }, dy, g) => {
    const parts = outputs.map((y, i) => dy[i] ?? zeros(g, dims(y), x));
    return [joined(g, parts, axis), null];
  },
  Slice: (call, [dy], g) => {
    const shape = dims(call.inputs.x);
    if (dims(dy).includes(0)) return [zeros(g, shape, dy), null, null, null, null];
    const ranges = rangesOf(call);
    if (isSubsampling(ranges, shape)) {
      const strides = ranges.slice(2).map(({ step }) => step);
      const kernel_shape = strides.map(() => 1);
      return [g.AveragePoolGrad(dy, { kernel_shape, strides, size: shape }), null, null, null, null];
    }
    return [unsliced(g, dy, { ranges, shape }), null, null, null, null];
  },
  /** Padding by −p cuts off what padding by p added. */
  Pad: (call, [dy], g) => {
    const { mode } = call.attributes;
    if (mode !== 'constant') throw refusal(call.node, `has a gradient only in mode constant, not ${mode}`);
    const pads = g.int64s(fixedNumbers(call, 'pads').map((pad) => 0 - pad));
    return [g.Pad(dy, pads, null, call.inputs.axes)];
  },
} satisfies Partial<GradientRows<OperatorName>>;
