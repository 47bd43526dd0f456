import type { Node } from '../../../graph/graph.ts';
import { elementCount, floats } from '../../../numeric/tensor.ts';
import { zip } from '../../../numeric/zip.ts';
import type { NewConvolution } from '../constant-convolution.ts';
import type { MacsAtPlace } from '../growth.ts';
import type { Alignment } from './alignment.ts';
import type { Branch } from './branch.ts';

/** A group count that all branches can have: that of the first branch that has one. */
export const groupOf = (branches: readonly Branch[]): number =>
  branches.find(({ group }) => group !== null)?.group ?? 1;

/** MACs per output position; terms that are no convolutions count as 0. */
export function macsOf(branches: readonly Branch[], { kernel }: Alignment, rows: number): MacsAtPlace {
  const convolutions = branches.filter(({ group }) => group !== null);
  const before = convolutions.reduce((sum, branch) => sum + rows * elementCount(branch.kernel), 0);
  return { before, after: rows * elementCount(kernel) };
}

/** The merged convolution, and the node that it replaces. */
export interface MergedBranches extends Omit<NewConvolution, 'x'> {
  readonly node: Node;
}

/** Σ of the branches as one convolution [M, C/group, …kernel], with `perGroup` = C/group; sums are in double precision. */
export function merged(
  branches: readonly Branch[],
  { kernel, window, places }: Alignment,
  perGroup: number,
): MergedBranches {
  const [{ channels } = { channels: 0 }] = branches;
  const size = elementCount(kernel);
  const sums = new Float64Array(channels * perGroup * size);
  const shifts = new Float64Array(channels);
  for (const [branch, tapPlaces] of zip(branches, places)) {
    for (const [row, source] of rowsOf(branch, perGroup)) {
      for (const [tap, place] of tapPlaces.entries()) {
        sums[row * size + place]! += branch.weight(source, tap);
      }
    }
    for (let m = 0; branch.bias && m < channels; m++) shifts[m]! += branch.bias[m]!;
  }
  const weight = floats([channels, perGroup, ...kernel], Float32Array.from(sums));
  const bias = branches.some((branch) => branch.bias) ? shifts : null;
  return { node: largest(branches), weight, bias, group: groupOf(branches), window };
}

/** The convolution with the largest kernel, whose name is kept. */
function largest(branches: readonly Branch[]): Node {
  const taps = ({ group, kernel }: Branch) => (group === null ? 0 : elementCount(kernel));
  return branches.toSorted((a, b) => taps(b) - taps(a))[0]!.node!;
}

/**
 * The rows of [M, C/group] that a branch fills, with its own row for each: all rows, or for each channel the row of that
 * channel.
 */
function* rowsOf({ group, channels }: Branch, perGroup: number): Generator<readonly [number, number]> {
  for (let m = 0; m < channels; m++) {
    if (group === null) yield [m * perGroup + (m % perGroup), m];
    else for (let c = 0; c < perGroup; c++) yield [m * perGroup + c, m * perGroup + c];
  }
}
