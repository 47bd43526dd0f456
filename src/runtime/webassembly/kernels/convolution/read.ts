import { type Node, nodeLabel, staticShape, type Value } from '../../../../graph/graph.ts';
import { attributesOf } from '../../../../graph/operators/index.ts';
import { explicitWindow } from '../../../../graph/window.ts';

/** A two-dimensional convolution of constant weights, every default written out. */
export interface ConvolutionShape {
  readonly name: string;
  readonly x: Value;
  readonly y: Value;
  /** [M, C/group, kH, kW]. */
  readonly weights: Float32Array;
  /** [M]; null where there is none. */
  readonly bias: Float32Array | null;
  readonly filters: number;
  /** C/group: the channels that one filter reads. */
  readonly channels: number;
  readonly group: number;
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** Why a Conv node has no kernel; null where it has. */
export function refuseConvolution(node: Node): string | null {
  const [, weight, bias] = node.inputs;
  if (weight?.tensor?.dtype !== 'float32') return 'its weight is not a float32 constant';
  if (bias && bias.tensor?.dtype !== 'float32') return 'its bias is not a float32 constant';
  if (weight.tensor.shape.length !== 4) return `it has ${weight.tensor.shape.length - 2} spatial axes`;
  return null;
}

/** Reads a Conv node that is not refused. */
export function readConvolution(node: Node): ConvolutionShape {
  const [x, weight, bias] = node.inputs;
  const [y] = node.outputs;
  if (!x || !y || !weight?.tensor) throw new Error(`${nodeLabel(node)} lacks an operand`);
  const [filters = 0, channels = 0, kH = 1, kW = 1] = weight.tensor.shape;
  const attributes = attributesOf(node, 'Conv');
  const { strides, dilations, pads } = explicitWindow(attributes, staticShape(x).slice(2), [kH, kW]);
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  return {
    name: node.name || nodeLabel(node),
    x,
    y,
    weights: weight.tensor.data as Float32Array,
    bias: (bias?.tensor?.data as Float32Array | undefined) ?? null,
    filters,
    channels,
    group: attributes.group,
    kernel: [kH, kW],
    strides: [strides[0] ?? 1, strides[1] ?? 1],
    dilations: [dilations[0] ?? 1, dilations[1] ?? 1],
    pads: [top, left, bottom, right],
  };
}
