import type { Value } from '../../src/graph/graph.ts';
import type { Export } from './export.ts';

/** Operators in the form that the export's opset has for them. */

const MOST = 2n ** 63n - 1n;

/** BatchNormalization; where odd filters are dead its shifts and means are zero there. */
export function batchNormalization(e: Export, x: Value, channels: number): Value {
  const alternating = (value: number) =>
    Float32Array.from({ length: channels }, (_, c) => (c % 2 ? 0 : value + c / 100));
  const ones = Float32Array.from({ length: channels }, (_, c) => 1 + c / 50);
  const [scale, shift, mean, variance] = [ones, alternating(0.2), alternating(-0.1), ones].map((values) =>
    e.constants([channels], values),
  ) as [Value, Value, Value, Value];
  return e.node('BatchNormalization', [x, scale, shift, mean, variance], { epsilon: { float: 1e-5 } });
}

/** Clip to [0, 6]: attributes until opset 10. */
export function relu6(e: Export, x: Value): Value {
  if (e.variant.opset < 11) return e.node('Clip', [x], { min: { float: 0 }, max: { float: 6 } });
  return e.node('Clip', [x, e.constants([], [0]), e.constants([], [6])]);
}

/** Dropout of inference: the ratio is an attribute until opset 11. */
export function dropout(e: Export, x: Value): Value {
  if (e.variant.opset < 12) return e.node('Dropout', [x], { ratio: { float: 0.3 } });
  return e.node('Dropout', [x, e.constants([], [0.3])]);
}

/** Zeros around the map: attributes until opset 10. */
export function padded(e: Export, x: Value): Value {
  const pads = [0, 0, 1, 1, 0, 0, 1, 1];
  if (e.variant.opset < 11) return e.node('Pad', [x], { mode: 'constant', pads });
  return e.node('Pad', [x, e.ints(pads)], { mode: 'constant' });
}

/** x[from:] along one axis, the end written as exporters write it: the largest int64. */
export function sliceFrom(
  e: Export,
  x: Value,
  { axis, from }: { readonly axis: number; readonly from: number },
): Value {
  // An attribute of this form holds 2^63 - 1, which no number does.
  if (e.variant.opset < 10) {
    const value = e.node('Slice', [x], { starts: [from], axes: [axis] });
    e.graph.nodes.at(-1)!.attributes.ends = { kind: 'ints', value: [MOST] };
    return value;
  }
  return e.node('Slice', [x, e.ints([from]), e.longs([MOST]), e.ints([axis])]);
}

/** Equal parts along the channels. */
export function halves(e: Export, x: Value, size: number): [Value, Value] {
  if (e.variant.opset < 13)
    return e.nodes('Split', [x], { axis: 1, split: [size, size] }, 2) as [Value, Value];
  return e.nodes('Split', [x, e.ints([size, size])], { axis: 1 }, 2) as [Value, Value];
}

export function squeezed(e: Export, x: Value, axis: number): Value {
  return e.variant.opset < 13
    ? e.node('Squeeze', [x], { axes: [axis] })
    : e.node('Squeeze', [x, e.ints([axis])]);
}

/** The mean or the largest over the channels, which are kept as one. */
export function overChannels(e: Export, op: 'ReduceMean' | 'ReduceMax', x: Value): Value {
  if (e.variant.opset < 18) return e.node(op, [x], { axes: [1], keepdims: 1 });
  return e.node(op, [x, e.ints([1])], { keepdims: 1 });
}

/** One size of a value, as a list of one element: Shape, Gather, Unsqueeze. */
export function sizeOf(e: Export, x: Value, axis: number): Value {
  const at = e.node('Gather', [e.node('Shape', [x]), e.ints([axis])], { axis: 0 });
  return at;
}

/** A list of sizes, each fixed or computed. */
export function sizes(e: Export, parts: readonly (number | Value)[]): Value {
  if (parts.every((part) => typeof part === 'number')) return e.ints(parts as number[]);
  return e.node(
    'Concat',
    parts.map((part) => (typeof part === 'number' ? e.ints([part]) : part)),
    { axis: 0 },
  );
}

/** Nearest pixels, twice as large; with a newer opset and a value to match, to the height and width of that value. */
export function enlarged(e: Export, x: Value, like: Value): Value {
  const { opset } = e.variant;
  const scales = [1, 1, 2, 2];
  if (opset < 9) return e.node('Upsample', [x], { mode: 'nearest', scales: { floats: scales } });
  if (opset < 10) return e.node('Upsample', [x, e.constants([4], scales)], { mode: 'nearest' });
  if (opset < 11) return e.node('Resize', [x, e.constants([4], scales)], { mode: 'nearest' });
  const ownSizes = e.node('Slice', [e.node('Shape', [x]), e.ints([0]), e.ints([2]), e.ints([0])]);
  const wanted = e.node('Slice', [e.node('Shape', [like]), e.ints([2]), e.ints([4]), e.ints([0])]);
  const target = e.node('Concat', [ownSizes, wanted], { axis: 0 });
  const nothing = opset < 13 ? e.constants([0], []) : null;
  return e.node('Resize', [x, nothing, nothing, target], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

/** [N, C, 1, 1] → [N, C], by a Reshape whose batch is a constant or computed. */
export function asRows(e: Export, x: Value, channels: number): Value {
  const batch = e.variant.batch === 'fixed' ? 1 : sizeOf(e, x, 0);
  return e.node('Reshape', [x, sizes(e, [batch, channels])]);
}
