import {
  type Attribute,
  makeValue,
  type Node,
  requiredInput,
  staticShape,
  type Value,
} from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { extentOf } from '../../../graph/window.ts';
import { type Float32Tensor, floats } from '../../../numeric/tensor.ts';
import type { Simplification } from './simplification.ts';

/** Computes on sequences [N, C, L] as on images with one row. */
export const asTwoAxes: Simplification = (node, g) => {
  const [x, weight, ...others] = node.inputs;
  const [y, ...more] = node.outputs;
  if (!x || !y || x.shape?.length !== 3 || more.some(Boolean) || (weight && !weight.tensor)) return null;
  const image = (value: Value) => {
    const [first, second, length] = staticShape(value, 3);
    return [first, second, 1, length];
  };
  const filters = weight?.tensor && g.constant({ ...weight.tensor, shape: image(weight) });
  const result = makeValue(y.name, y.dtype, image(y));
  g.graph.nodes.push({
    ...node,
    inputs: [g.Reshape(x, g.int64s(image(x))), ...(filters ? [filters] : []), ...others],
    outputs: [result],
    attributes: Object.fromEntries(
      Object.entries(node.attributes).map(([name, attribute]) => [name, withFirstAxis(name, attribute)]),
    ),
  });
  return g.Reshape(result, g.int64s(staticShape(y)));
};

function withFirstAxis(name: string, attribute: Attribute): Attribute {
  if (attribute.kind !== 'ints') return attribute;
  const { value } = attribute;
  if (name === 'pads') return { kind: 'ints', value: [0, value[0] ?? 0, 0, value[1] ?? 0] };
  return { kind: 'ints', value: [name === 'output_padding' ? 0 : 1, ...value] };
}

/** The kernel of a transposed convolution along one axis, divided into phases. */
interface TransposedAxis {
  readonly stride: number;
  /** Kernel positions of the equivalent convolution, and its padding before and after. */
  readonly positions: number;
  readonly pads: readonly [number, number];
  /** Computed elements before the first element of the result. */
  readonly surplus: number;
  /** For each phase of the result and kernel position, the position of the transposed kernel; −1 if there is none. */
  readonly taps: readonly (readonly number[])[];
}

/**
 * A transposed convolution as a convolution of stride 1 with one channel per phase of the result, followed by a rearrangement
 * of channels into pixels: result o = s·t + ρ − pad meets input i at kernel position k if s·i + k·d = s·t + ρ.
 */
export const transposedConvolution: Simplification = (node, g) => {
  const [x, weight, bias] = node.inputs;
  const [y] = node.outputs;
  if (x?.shape?.length === 3) return asTwoAxes(node, g);
  if (!x || !y || weight?.tensor?.dtype !== 'float32' || weight.shape?.length !== 4) return null;
  if (bias && bias.tensor?.dtype !== 'float32') return null;
  const [rows, columns] = ([0, 1] as const).map((axis) => transposedAxis(node, axis));
  if (!rows || !columns) return null;
  const [batch, filters, height, width] = staticShape(y, 4);
  const phases = rows.stride * columns.stride;
  const shifts = bias && g.floats(repeated((bias.tensor?.data as Float32Array) ?? [], phases));
  const result = g.Conv(x, g.constant(phaseFilters(node, [rows, columns])), shifts, {
    group: attributesOf(node, 'ConvTranspose').group,
    pads: [rows.pads[0], columns.pads[0], rows.pads[1], columns.pads[1]],
  });
  const [, , tileRows, tileColumns] = staticShape(result, 4);
  const split = g.Reshape(
    result,
    g.int64s([batch, filters, rows.stride, columns.stride, tileRows, tileColumns]),
  );
  const whole = g.Reshape(
    g.Transpose(split, { perm: [0, 1, 4, 2, 5, 3] }),
    g.int64s([batch, filters, tileRows * rows.stride, tileColumns * columns.stride]),
  );
  const starts = [rows.surplus, columns.surplus];
  const ends = [rows.surplus + height, columns.surplus + width];
  return g.Slice(whole, g.int64s(starts), g.int64s(ends), g.int64s([2, 3]));
};

const repeated = (data: ArrayLike<number>, times: number): number[] =>
  Array.from(data).flatMap((value) => new Array<number>(times).fill(value));

function transposedAxis(node: Node, axis: 0 | 1): TransposedAxis {
  const { strides, dilations, kernel_shape: kernel } = attributesOf(node, 'ConvTranspose');
  const [stride, dilation] = [strides?.[axis] ?? 1, dilations?.[axis] ?? 1];
  const size = kernel?.[axis] ?? staticShape(requiredInput(node, 1))[2 + axis] ?? 1;
  const [given = 1, wanted = 1] = [node.inputs[0], node.outputs[0]].map(
    (value) => value && staticShape(value)[2 + axis],
  ) as number[];
  const pad = paddingBegin(node, axis, [stride, given, wanted, extentOf(size, dilation)]);
  const positions = Math.floor(((size - 1) * dilation) / stride) + 1;
  const first = Math.floor(pad / stride);
  const places = Math.ceil((pad + wanted) / stride) - first;
  const before = positions - 1 - first;
  return {
    stride,
    positions,
    pads: [before, places - given - before + positions - 1],
    surplus: pad - first * stride,
    taps: Array.from({ length: stride }, (_, phase) =>
      Array.from({ length: positions }, (_, j) => {
        const k = ((positions - 1 - j) * stride + phase) / dilation;
        return Number.isInteger(k) && k < size ? k : -1;
      }),
    ),
  };
}

/** The number of elements cropped before the result. */
function paddingBegin(
  node: Node,
  axis: 0 | 1,
  [stride, given, wanted, extent]: readonly [number, number, number, number],
): number {
  const { pads, auto_pad, output_shape, output_padding } = attributesOf(node, 'ConvTranspose');
  if (auto_pad === 'NOTSET' && !output_shape) return pads?.[axis] ?? 0;
  if (auto_pad === 'VALID') return 0;
  const total = Math.max(0, stride * (given - 1) + (output_padding?.[axis] ?? 0) + extent - wanted);
  return auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
}

/** Rearranges [C, M/group, kH, kW] to [M·phases, C/group, …positions]. */
function phaseFilters(node: Node, [rows, columns]: readonly [TransposedAxis, TransposedAxis]): Float32Tensor {
  const { tensor } = requiredInput(node, 1);
  const [channels = 1, perGroup = 1, kH = 1, kW = 1] = tensor?.shape ?? [];
  const { group } = attributesOf(node, 'ConvTranspose');
  const data = tensor?.data as Float32Array;
  const weights: number[] = [];
  const perFilter = channels / group;
  for (let m = 0; m < perGroup * group; m++)
    for (const rowTaps of rows.taps)
      for (const columnTaps of columns.taps)
        for (let c = 0; c < perFilter; c++)
          for (const i of rowTaps)
            for (const j of columnTaps) {
              const channel = Math.floor(m / perGroup) * perFilter + c;
              const at = ((channel * perGroup + (m % perGroup)) * kH + i) * kW + j;
              weights.push(i < 0 || j < 0 ? 0 : (data[at] ?? 0));
            }
  const shape = [
    perGroup * group * rows.stride * columns.stride,
    perFilter,
    rows.positions,
    columns.positions,
  ];
  return floats(shape, weights);
}
