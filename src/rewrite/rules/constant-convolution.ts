import { type Node, requiredInput, type Value } from '../../graph/graph.ts';
import { attributesOf, makeAttributes } from '../../graph/operators/index.ts';
import { explicitWindow, type Window } from '../../graph/window.ts';
import type { Float32Tensor } from '../../numeric/tensor.ts';
import { type FoldContext, vector } from './fold-context.ts';
import { nameOf } from './rewrite-nodes.ts';

/** A Conv whose filters and bias no feed can replace, every default written out. */
export interface ConstantConvolution {
  readonly node: Node;
  readonly input: Value;
  /** [M, C/group, …kernel]. */
  readonly weight: Float32Tensor;
  /** [M]; null where there is none. */
  readonly bias: Float32Array | null;
  readonly group: number;
  readonly kernel: readonly number[];
  readonly window: Window;
}

/** Reads a Conv; a reason where its parameters or its padding are not fixed. */
export function constantConvolution(
  node: Node,
  { weights, sharer }: FoldContext,
): ConstantConvolution | string {
  const weight = weights(node.inputs[1]);
  const bias = weights(node.inputs[2]);
  if (!weight) return `the weight of ${nameOf(node)} is not a float32 constant`;
  if (node.inputs[2] && !bias) return `the bias of ${nameOf(node)} is not a float32 constant`;
  const other = sharer(node, 1);
  if (other) return `the weight of ${nameOf(node)} is shared with ${nameOf(other)}`;
  const kernel = weight.shape.slice(2);
  const attributes = attributesOf(node, 'Conv');
  const window = windowOf(node, attributes, kernel);
  if (!window) return `the padding of ${nameOf(node)} depends on the size of its input`;
  const { group } = attributes;
  return { node, input: requiredInput(node, 0), weight, bias: bias?.data ?? null, group, kernel, window };
}

/** Where the windows of a convolution or pool lie; null where that depends on sizes that are open. */
export function windowOf(
  node: Node,
  attributes: Parameters<typeof explicitWindow>[0],
  kernel: readonly number[],
): Window | null {
  const { auto_pad: autoPad = '', strides = [] } = attributes;
  const size = node.inputs[0]?.shape?.slice(2) ?? [];
  const isFixed = size.length > 0 && size.every((dim) => typeof dim === 'number');
  if (!autoPad.startsWith('SAME') || isFixed) return explicitWindow(attributes, size as number[], kernel);
  // At stride 1 the same size needs (kernel − 1)·dilation of padding, whatever the size.
  return strides.every((stride) => stride === 1) ? explicitWindow(attributes, kernel, kernel) : null;
}

/** What a Conv becomes. */
export interface NewConvolution {
  readonly input: Value;
  readonly weight: Float32Tensor;
  readonly bias: ArrayLike<number> | null;
  readonly group: number;
  readonly window: Window;
}

/** Rewrites a Conv in place; it keeps its name and its output. */
export function setConvolution(node: Node, made: NewConvolution, context: FoldContext): void {
  const { input, weight, bias, group, window } = made;
  node.inputs[0] = input;
  context.setWeight(node, 1, weight);
  if (bias) context.setWeight(node, 2, vector(bias));
  else node.inputs.length = 2;
  const { strides, pads, dilations } = window;
  const placed = { kernel_shape: weight.shape.slice(2), strides, pads, dilations };
  node.attributes = makeAttributes('Conv', { ...placed, ...(group > 1 && { group }) });
}

/** Whether a kernel is one element. */
export const isPointwise = (kernel: readonly number[]): boolean => kernel.every((length) => length === 1);
/** Whether a window reaches beyond its input. */
export const isPadded = ({ pads }: Window): boolean => pads.some((pad) => pad !== 0);
