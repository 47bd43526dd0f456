import { toNumbers } from '../numeric/tensor.ts';
import { type Node, requiredInput, staticShape } from './graph.ts';
import { type AttributesOf, attributesOf } from './operators/index.ts';

/**
 * For each element along an axis of a result, the elements of which it is a weighted sum; all have the same number of
 * elements.
 */
export type WeightedTaps = readonly (readonly WeightedTap[])[];

interface WeightedTap {
  readonly index: number;
  readonly weight: number;
}

type Attributes = AttributesOf<'Resize'>;

/** Why the taps of a Resize cannot be computed; null if they can. */
export function refuseTaps({
  antialias,
  keep_aspect_ratio_policy: policy,
  coordinate_transformation_mode: coordinates,
  mode,
}: Attributes): string | null {
  if (antialias) return 'its antialiasing is not computed';
  if (policy !== 'stretch') return `its aspect ratio is ${policy}, expected stretch`;
  if (!(coordinates in coordinateModes)) return `its coordinates are ${coordinates}`;
  return mode in modes ? null : `its mode is ${mode}`;
}

/** The taps of a Resize along an axis, which may be negative. The node must be one that {@link refuseTaps} accepts. */
export const resizeTaps = (node: Node, axis: number): WeightedTaps =>
  tapsOf(resizedAxis(node, axis), attributesOf(node, 'Resize'));

/**
 * The mode of a Resize of spatial axes with half-pixel centres: `linear`, or `nearest` if it repeats each element an integer
 * number of times; null for others.
 */
export function resamplingMode(node: Node): 'nearest' | 'linear' | null {
  const attributes = attributesOf(node, 'Resize');
  const { mode, coordinate_transformation_mode: coordinates, nearest_mode: rounding } = attributes;
  const [y] = node.outputs;
  if (!y || refuseTaps(attributes)) return null;
  const shape = staticShape(requiredInput(node, 0));
  const axes = shape.map((_, axis) => resizedAxis(node, axis));
  const isSpatial = shape.length >= 3 && axes.slice(0, 2).every(({ from, to }) => from === to);
  if (!isSpatial || axes.some(({ from, to, scale }) => scale !== to / from)) return null;
  const isCentred =
    coordinates === 'half_pixel' || (coordinates === 'pytorch_half_pixel' && axes.every(({ to }) => to > 1));
  if (mode === 'linear') return isCentred ? 'linear' : null;
  // (i + ½)/s − ½ is within ½ of ⌊i/s⌋; i/s itself must be rounded down.
  const repeats =
    coordinates === 'asymmetric' ? rounding === 'floor' : isCentred && rounding.startsWith('round');
  return mode === 'nearest' && repeats && axes.every(({ from, to }) => to % from === 0) ? 'nearest' : null;
}

/** The taps of a linear Resize with half-pixel centres. */
export const linearTaps = (from: number, to: number): readonly LinearTaps[] =>
  Array.from({ length: to }, (_, i) => {
    const x = Math.min(Math.max(halfPixel(i, { from, to, scale: to / from }), 0), from - 1);
    const [low, high] = linear(x);
    return [low, { ...high, index: Math.min(high.index, from - 1) }];
  });

type LinearTaps = readonly [low: WeightedTap, high: WeightedTap];

/** One axis: its sizes, and the scale (result elements per input element). */
interface ResizedAxis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

function resizedAxis(node: Node, axis: number): ResizedAxis {
  const shape = staticShape(requiredInput(node, 0));
  const [y] = node.outputs;
  const from = shape.at(axis) ?? 1;
  const to = (y && staticShape(y).at(axis)) ?? 1;
  const scales = node.inputs[2]?.tensor;
  const { axes } = attributesOf(node, 'Resize');
  const normal = (index: number) => (index + shape.length) % shape.length;
  const resized = axes?.map(normal) ?? shape.map((_, index) => index);
  const given = scales && toNumbers(scales)[resized.indexOf(normal(axis))];
  return { from, to, scale: given ?? to / from };
}

/** The input coordinate of result element i; in float32, as onnxruntime computes it. */
type CoordinateMode = (i: number, axis: ResizedAxis) => number;

const float = Math.fround;
const halfPixel: CoordinateMode = (i, { scale }) => float(float((i + 0.5) / float(scale)) - 0.5);

const coordinateModes: Readonly<Record<string, CoordinateMode>> = {
  half_pixel: halfPixel,
  pytorch_half_pixel: (i, axis) => (axis.to > 1 ? halfPixel(i, axis) : 0),
  half_pixel_symmetric: (i, axis) => {
    const adjusted = axis.to / (axis.scale * axis.from);
    return (axis.from / 2) * (1 - adjusted) + halfPixel(i, axis);
  },
  align_corners: (i, { from, to }) => (to === 1 ? 0 : float((i * (from - 1)) / (to - 1))),
  asymmetric: (i, { scale }) => float(i / float(scale)),
};

const rounding: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

function linear(x: number): LinearTaps {
  const index = Math.floor(x);
  return [
    { index, weight: 1 - (x - index) },
    { index: index + 1, weight: x - index },
  ];
}

/** By mode: the elements, inside the input or not, of which an element at coordinate x is a weighted sum. */
const modes: Readonly<Record<string, (x: number, attributes: Attributes) => readonly WeightedTap[]>> = {
  nearest: (x, { nearest_mode }) => [{ index: rounding[nearest_mode]?.(x) ?? Math.floor(x), weight: 1 }],
  linear,
  /** Keys' kernel: W(t) = (a+2)|t|³ − (a+3)t² + 1 for |t| ≤ 1, a|t|³ − 5a·t² + 8a|t| − 4a for |t| ≤ 2. */
  cubic: (x, { cubic_coeff_a: a }) =>
    [-1, 0, 1, 2].map((step) => {
      const index = Math.floor(x) + step;
      const t = Math.abs(x - index);
      const weight =
        t <= 1 ? (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1 : a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a;
      return { index, weight };
    }),
};

function tapsOf(axis: ResizedAxis, attributes: Attributes): WeightedTaps {
  const { mode, coordinate_transformation_mode: coordinates, exclude_outside: excludes } = attributes;
  const last = axis.from - 1;
  return Array.from({ length: axis.to }, (_, i) => {
    const x = axis.from === axis.to && axis.scale === 1 ? i : (coordinateModes[coordinates]?.(i, axis) ?? i);
    const at = mode === 'linear' ? Math.min(Math.max(x, 0), last) : x;
    const taps = modes[mode]?.(at, attributes) ?? [];
    const kept = taps.map(({ index, weight }) => ({
      index: Math.min(Math.max(index, 0), last),
      weight: excludes && (index < 0 || index > last) ? 0 : weight,
    }));
    const sum = excludes ? kept.reduce((all, { weight }) => all + weight, 0) : 1;
    return kept.map(({ index, weight }) => ({ index, weight: weight / sum }));
  });
}
