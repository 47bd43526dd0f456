import type { Float32Tensor } from '../numeric/tensor.ts';
import { isRefusal, type Refusal, refuse } from './edit/refused.ts';
import { type Node, nodeName, requiredInput, type Value } from './graph.ts';
import { attributesOf } from './operators/index.ts';
import { fixedWindow, type Window } from './window.ts';

/** A number for rows and one for columns. */
export type SpatialPair = readonly [number, number];
/** Padding: top, left, bottom, right. */
export type SpatialPads = readonly [number, number, number, number];

/** A Conv with constant filters and bias, and all attributes explicit. */
export interface ConstantConvolution {
  readonly node: Node;
  readonly x: Value;
  /** W [M, C/group, …kernel]. */
  readonly weight: Float32Tensor;
  /** [M]; null without bias. */
  readonly bias: Float32Array | null;
  /** Number of filters M. */
  readonly filters: number;
  /** Number of channels that one filter reads, C/group. */
  readonly channels: number;
  readonly group: number;
  readonly kernel: readonly number[];
  readonly window: Window;
}

/** Returns the constant float32 contents of a value; null for other values. */
type ReadWeights = (value: Value | null | undefined) => Float32Tensor | null;

const storedWeights: ReadWeights = (value) =>
  value?.tensor?.dtype === 'float32' ? (value.tensor as Float32Tensor) : null;

/** Reads a Conv with any number of spatial axes. Refuses if its weight, bias or padding is not constant. */
export function readConvolution(node: Node, weights = storedWeights): ConstantConvolution | Refusal {
  const name = nodeName(node);
  const [, , bias] = node.inputs;
  const weight = weights(node.inputs[1]);
  const shifts = weights(bias);
  if (!weight) return refuse('not-constant', `the weight of ${name} is not a float32 constant`);
  if (bias && !shifts) return refuse('not-constant', `the bias of ${name} is not a float32 constant`);
  const [filters = 0, channels = 0, ...kernel] = weight.shape;
  const attributes = attributesOf(node, 'Conv');
  const window = fixedWindow(node, attributes, kernel);
  if (!window) return refuse('open-size', `the padding of ${name} depends on the size of its input`);
  const { group } = attributes;
  const read = { node, x: requiredInput(node, 0), weight, bias: shifts?.data ?? null };
  return { ...read, filters, channels, group, kernel, window };
}

/** A {@link ConstantConvolution} with two spatial axes. */
export interface PlanarConvolution extends Omit<ConstantConvolution, 'window'> {
  readonly kernel: SpatialPair;
  readonly strides: SpatialPair;
  readonly dilations: SpatialPair;
  readonly pads: SpatialPads;
}

/** Reads a Conv with two spatial axes. Refuses if it has others, or if its weight, bias or padding is not constant. */
export function readPlanarConvolution(node: Node): PlanarConvolution | Refusal {
  const read = readConvolution(node);
  if (isRefusal(read)) return read;
  const { window, kernel, ...rest } = read;
  if (kernel.length !== 2)
    return refuse('unsupported', `${nodeName(node)} has ${kernel.length} spatial axes, expected two`);
  const [top = 0, left = 0, bottom = 0, right = 0] = window.pads;
  const pads = [top, left, bottom, right] as const;
  const [strides, dilations] = [pair(window.strides), pair(window.dilations)];
  return { ...rest, kernel: pair(kernel), strides, dilations, pads };
}

const pair = ([rows = 1, columns = 1]: readonly number[]): SpatialPair => [rows, columns];

/** Whether a kernel has a single position. */
export const isPointwise = (kernel: readonly number[]): boolean => kernel.every((length) => length === 1);
/** Whether a window has padding. */
export const isPadded = ({ pads }: Pick<Window, 'pads'>): boolean => pads.some((pad) => pad !== 0);
