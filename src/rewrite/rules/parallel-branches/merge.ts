import type { Node } from '../../../graph/graph.ts';
import { elementCount, floats } from '../../../numeric/tensor.ts';
import { zip } from '../../../numeric/zip.ts';
import type { NewConvolution } from '../constant-convolution.ts';
import type { MacsAtPlace } from '../growth.ts';
import type { Alignment } from './alignment.ts';
import type { Branch } from './branch.ts';

/** The groups that all of them can have: those of the first that has a number of its own. */
export const groupOf = (branches: readonly Branch[]): number =>
  branches.find(({ group }) => group !== null)?.group ?? 1;

/** MACs at one place of the output; what is no convolution counts nothing. */
export function macsOf(branches: readonly Branch[], { kernel }: Alignment, rows: number): MacsAtPlace {
  const convolutions = branches.filter(({ group }) => group !== null);
  const before = convolutions.reduce((sum, branch) => sum + rows * elementCount(branch.kernel), 0);
  return { before, after: rows * elementCount(kernel) };
}

/** One convolution in place of several, and which of them becomes it. */
export interface MergedBranches extends Omit<NewConvolution, 'x'> {
  readonly node: Node;
}

/** Σ of the branches as one convolution of [M, C/group, …kernel], `perGroup` = C/group; sums in double precision. */
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

/** The convolution of most taps: its name stays. */
function largest(branches: readonly Branch[]): Node {
  const taps = ({ group, kernel }: Branch) => (group === null ? 0 : elementCount(kernel));
  return branches.toSorted((a, b) => taps(b) - taps(a))[0]!.node!;
}

/** Rows of [M, C/group] that a branch fills, each with the row of its own: all of them, or each channel's with itself. */
function* rowsOf({ group, channels }: Branch, perGroup: number): Generator<readonly [number, number]> {
  for (let m = 0; m < channels; m++) {
    if (group === null) yield [m * perGroup + (m % perGroup), m];
    else for (let c = 0; c < perGroup; c++) yield [m * perGroup + c, m * perGroup + c];
  }
}
