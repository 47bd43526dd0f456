import type { Attribute, Node } from '../graph/graph.ts';
import { floats, type Tensor } from '../numeric/tensor.ts';
import type { ConstantConvolution, Tap } from './convolution.ts';

/** Gives a node's input a constant of its own. */
export type SetInput = (node: Node, index: number, tensor: Tensor) => void;

/** A weight that is added: what filter `row` takes of its input channel `column`, through the taps. */
export interface Entry {
  readonly row: number;
  readonly column: number;
  readonly factor: number;
}

export interface Widening {
  /** Filters, and input channels of a group, of the wider convolution. */
  readonly rows: number;
  readonly columns: number;
  readonly group?: number;
  readonly entries: Iterable<Entry>;
  readonly taps: readonly Tap[];
  /** Added to the biases of the first filters. */
  readonly bias?: Float32Array;
}

/** Replaces the weights of a convolution by wider ones that hold its own in their first rows and columns. */
export function widenConvolution(conv: ConstantConvolution, widening: Widening, setInput: SetInput): void {
  const { node, weights, filters, perGroup, kernel } = conv;
  const { rows, columns, entries, taps, group } = widening;
  const size = kernel[0] * kernel[1];
  const wide = new Float32Array(rows * columns * size);
  for (let m = 0; m < filters; m++) {
    wide.set(weights.subarray(m * perGroup * size, (m + 1) * perGroup * size), m * columns * size);
  }
  for (const { row, column, factor } of entries) {
    for (const { position, weight } of taps)
      wide[(row * columns + column) * size + position]! += factor * weight;
  }
  setInput(node, 1, floats([rows, columns, kernel[0], kernel[1]], wide));
  const bias = new Float32Array(rows);
  bias.set(conv.bias);
  widening.bias?.forEach((value, m) => {
    bias[m]! += value;
  });
  if (node.inputs[2] || bias.some((value) => value !== 0)) setInput(node, 2, floats([rows], bias));
  if (group !== undefined) node.attributes.group = intAttribute(group);
}

const intAttribute = (value: number): Attribute => ({ kind: 'int', value });
