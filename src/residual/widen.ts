import type { PlanarConvolution } from '../graph/convolution.ts';
import type { Edits } from '../graph/edit/edits.ts';
import { floats } from '../numeric/tensor.ts';
import type { Tap } from './taps.ts';

/** An additional weight: of filter `row` for its input channel `column`, at each of the taps. */
export interface Entry {
  readonly row: number;
  readonly column: number;
  readonly factor: number;
}

export interface Widening {
  /** Number of filters, and of input channels per group, of the wider convolution. */
  readonly rows: number;
  readonly columns: number;
  readonly group?: number;
  readonly entries: Iterable<Entry>;
  readonly taps: readonly Tap[];
  /** Summands for the biases of the first filters. */
  readonly bias?: Float32Array;
}

/** Replaces the weights of a convolution by wider ones that contain the old ones in their first rows and columns. */
export function widenConvolution(conv: PlanarConvolution, widening: Widening, edits: Edits): void {
  const { node, weight, filters, channels, kernel } = conv;
  const { rows, columns, entries, taps, group } = widening;
  const size = kernel[0] * kernel[1];
  const wide = new Float32Array(rows * columns * size);
  for (let m = 0; m < filters; m++) {
    wide.set(weight.data.subarray(m * channels * size, (m + 1) * channels * size), m * columns * size);
  }
  for (const { row, column, factor } of entries) {
    for (const tap of taps) wide[(row * columns + column) * size + tap.position]! += factor * tap.weight;
  }
  edits.setConstant(node, 1, floats([rows, columns, kernel[0], kernel[1]], wide));
  const bias = new Float32Array(rows);
  if (conv.bias) bias.set(conv.bias);
  widening.bias?.forEach((value, m) => {
    bias[m]! += value;
  });
  if (conv.bias || bias.some((value) => value !== 0)) edits.setConstant(node, 2, floats([rows], bias));
  if (group !== undefined) node.attributes.group = { kind: 'int', value: group };
}
