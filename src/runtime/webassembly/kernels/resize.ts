import { type Node, requiredInput, staticShape } from '../../../graph/graph.ts';
import { type AttributesOf, attributesOf } from '../../../graph/operators/index.ts';
import { toNumbers } from '../../../numeric/tensor.ts';
import type { KernelRow } from './kernel.ts';
import { resampleStep, type WeightedTaps } from './resample.ts';

type Attributes = AttributesOf<'Resize'>;

/** Resize of rows and columns. */
export const resizeRow: KernelRow = {
  refuse(node) {
    const { antialias, keep_aspect_ratio_policy: policy, ...attributes } = attributesOf(node, 'Resize');
    const coordinates = attributes.coordinate_transformation_mode;
    if (antialias) return 'its antialiasing is not computed';
    if (policy !== 'stretch') return `its aspect ratio is ${policy}, expected stretch`;
    if (!(coordinates in coordinateModes)) return `its coordinates are ${coordinates}`;
    if (!(attributes.mode in modes)) return `its mode is ${attributes.mode}`;
    return resizesPlanes(node) ? null : 'it resizes axes other than the last two';
  },
  lower({ node, fusion, scope }) {
    const input = requiredInput(node, 0);
    const attributes = attributesOf(node, 'Resize');
    const [rows, columns] = ([-2, -1] as const).map((axis) => tapsOf(resizedAxis(node, axis), attributes));
    if (!rows || !columns) return;
    const x = scope.planes(input);
    scope.step(resampleStep(node, { x, y: scope.newPlanes(fusion.output), rows, columns }, scope));
  },
};

function resizesPlanes({ inputs: [x], outputs: [y] }: Node): boolean {
  if (!x || !y) return false;
  const [from, to] = [staticShape(x), staticShape(y)];
  return from.length >= 3 && from.slice(0, -2).join() === to.slice(0, -2).join();
}

/** One axis: its sizes, and the scale (result elements per input element). */
interface ResizedAxis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

function resizedAxis(node: Node, back: -1 | -2): ResizedAxis {
  const shape = staticShape(requiredInput(node, 0));
  const [y] = node.outputs;
  const from = shape.at(back) ?? 1;
  const to = (y && staticShape(y).at(back)) ?? 1;
  const scales = node.inputs[2]?.tensor;
  const { axes } = attributesOf(node, 'Resize');
  const normal = axes?.map((axis) => (axis + shape.length) % shape.length) ?? shape.map((_, axis) => axis);
  const given = scales && toNumbers(scales)[normal.indexOf(shape.length + back)];
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

/** By mode: the elements, inside the input or not, of which an element at coordinate x is a weighted sum. */
const modes: Readonly<
  Record<string, (x: number, attributes: Attributes) => { index: number; weight: number }[]>
> = {
  nearest: (x, { nearest_mode }) => [{ index: rounding[nearest_mode]?.(x) ?? Math.floor(x), weight: 1 }],
  linear: (x) => {
    const index = Math.floor(x);
    return [
      { index, weight: 1 - (x - index) },
      { index: index + 1, weight: x - index },
    ];
  },
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
