import type { Edits } from '../graph/edit/edits.ts';
import type { Node, Value } from '../graph/graph.ts';
import type { Float32Tensor } from '../numeric/tensor.ts';

/** A 1×1 convolution to insert, and the node before which it stands. */
export interface PointwiseConvolution {
  readonly before: Node;
  readonly name: string;
  /** [outputs, inputs, 1, 1]. */
  readonly weight: Float32Tensor;
  readonly strides: readonly [number, number];
}

/** Inserts a 1×1 convolution of x without a bias; returns its output. */
export function insertPointwise(
  x: Value,
  edits: Edits,
  { before, name, weight, strides }: PointwiseConvolution,
): Value {
  const inputs = [x, edits.constant(weight, `${name}.weight`)];
  const attributes = { kernel_shape: [1, 1], strides: [...strides] };
  return edits.insertBefore(before, { op: 'Conv', name, inputs, attributes });
}
