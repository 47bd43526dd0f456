import { type Node, nodeLabel } from '../graph/graph.ts';
import { attributesOf } from '../graph/operators/index.ts';
import { explicitWindow } from '../graph/window.ts';

/** A two-dimensional convolution of constant weights: w [M, C/group, kH, kW]. */
export interface ConstantConvolution {
  readonly node: Node;
  readonly weights: Float32Array;
  /** [M]; zeros where the node has none. */
  readonly bias: Float32Array;
  readonly filters: number;
  readonly perGroup: number;
  readonly group: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** A place of the kernel, and the weight that it gets. */
export interface Tap {
  readonly position: number;
  readonly weight: number;
}

/** Reads a Conv; a string says why it has none of this form. */
export function readConvolution(node: Node): ConstantConvolution | string {
  const [x, weight, bias] = node.inputs;
  const label = nodeLabel(node);
  if (weight?.tensor?.dtype !== 'float32') return `the weight of ${label} is not a float32 constant`;
  if (bias && bias.tensor?.dtype !== 'float32') return `the bias of ${label} is not a float32 constant`;
  const { shape } = weight.tensor;
  if (shape.length !== 4) return `${label} has ${shape.length - 2} spatial axes, expected two`;
  const attributes = attributesOf(node, 'Conv');
  const [filters, perGroup, kH, kW] = shape as [number, number, number, number];
  const size = x?.shape?.slice(2).map((dim) => (typeof dim === 'number' ? dim : null)) ?? [null, null];
  const isFree = size.includes(null);
  const strided = attributes.strides?.some((stride) => stride > 1) ?? false;
  if (attributes.auto_pad.startsWith('SAME') && isFree && strided)
    return `${label} has a padding that depends on a free size`;
  const window = explicitWindow(attributes, isFree ? [kH, kW] : (size as number[]), [kH, kW]);
  return {
    node,
    weights: weight.tensor.data as Float32Array,
    bias: (bias?.tensor?.data as Float32Array | undefined) ?? new Float32Array(filters),
    filters,
    perGroup,
    group: attributes.group,
    kernel: [kH, kW],
    strides: [window.strides[0]!, window.strides[1]!],
    dilations: [window.dilations[0]!, window.dilations[1]!],
    pads: [window.pads[0]!, window.pads[1]!, window.pads[2]!, window.pads[3]!],
  };
}

/**
 * The taps through which a convolution reads the mean of x[s·i + j], j from 0 to `window` − 1 on each axis; with a window
 * of one x[s·i] itself. Null where its kernel does not reach them.
 */
export function tapsOf(
  { kernel, pads, dilations }: ConstantConvolution,
  window: readonly [number, number] = [1, 1],
): Tap[] | null {
  const rows = axisTaps({ kernel: kernel[0], pad: pads[0], dilation: dilations[0] }, window[0]);
  const columns = axisTaps({ kernel: kernel[1], pad: pads[1], dilation: dilations[1] }, window[1]);
  if (!rows || !columns) return null;
  const weight = 1 / (window[0] * window[1]);
  return rows.flatMap((row) => columns.map((column) => ({ position: row * kernel[1] + column, weight })));
}

interface Axis {
  readonly kernel: number;
  readonly pad: number;
  readonly dilation: number;
}

function axisTaps({ kernel, pad, dilation }: Axis, window: number): number[] | null {
  const taps = Array.from({ length: window }, (_, j) => (pad + j) / dilation);
  return taps.every((tap) => Number.isInteger(tap) && tap < kernel) ? taps : null;
}
