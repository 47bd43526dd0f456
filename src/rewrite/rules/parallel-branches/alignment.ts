import { isRefusal, type Refusal, refuse, unlessRefused } from '../../../graph/edit/refused.ts';
import { explicitWindow, extentOf, type Window, windowAxes } from '../../../graph/window.ts';
import { elementCount, stridesOf } from '../../../numeric/tensor.ts';
import { zip } from '../../../numeric/zip.ts';
import type { Branch } from './branch.ts';

/** A kernel that covers those of several branches. */
export interface Alignment {
  readonly kernel: readonly number[];
  readonly window: Window;
  /** For each branch, the index of each of its kernel positions in the common kernel. */
  readonly places: readonly (readonly number[])[];
}

/** Aligns branches. Refuses if their windows are not on a common grid, or have different numbers of positions. */
export function align(branches: readonly Branch[]): Alignment | Refusal {
  const [{ window } = { window: explicitWindow({}, [], []) }] = branches;
  const axes = zip(...branches.map(axesOf));
  const aligned = unlessRefused(axes.map(alignAxis));
  if (isRefusal(aligned)) return aligned;
  const size = aligned.map(({ length }) => length);
  const starts = zip(...aligned.map(({ steps }) => steps));
  const places = zip(branches, starts).map(([branch, start]) => tapPlaces(branch.kernel, size, start));
  const pads = [...aligned.map(({ begin }) => begin), ...aligned.map(({ end }) => end)];
  const dilations = aligned.map(({ dilation }) => dilation);
  return { kernel: size, window: { strides: window.strides, dilations, pads }, places };
}

/** A branch along one axis. */
interface BranchAxis {
  readonly length: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
}

interface AlignedAxis extends BranchAxis {
  /** For each branch, the index of its first kernel position in the common kernel. */
  readonly steps: readonly number[];
}

const axesOf = ({ kernel, window }: Branch): BranchAxis[] =>
  zip(kernel, windowAxes(window)).map(([length, { dilation, padBegin, padEnd }]) => ({
    length,
    dilation,
    begin: padBegin,
    end: padEnd,
  }));

/**
 * Kernel position j of a branch reads x[s·o + d·j − begin]; relative to the largest begin, all become positions of one
 * kernel.
 */
function alignAxis(axes: readonly BranchAxis[]): AlignedAxis | Refusal {
  const dilations = new Set(axes.filter(({ length }) => length > 1).map(({ dilation }) => dilation));
  if (dilations.size > 1) return refuse('mismatch', 'its branches have different dilations');
  const [dilation = 1] = dilations;
  // All branches must leave the same remainder of the input at the end, or their outputs have different sizes.
  const slacks = new Set(
    axes.map(({ length, begin, end, dilation: gap }) => begin + end - extentOf(length, gap)),
  );
  if (slacks.size > 1) return refuse('mismatch', 'the padding of its branches does not fit their kernels');
  const begin = Math.max(...axes.map((axis) => axis.begin));
  const steps = axes.map((axis) => (begin - axis.begin) / dilation);
  if (!steps.every(Number.isInteger)) return refuse('mismatch', 'its branches read interleaved positions');
  const length = Math.max(...zip(axes, steps).map(([axis, step]) => step + axis.length));
  const [slack = 0] = slacks;
  return { length, dilation, begin, end: slack + extentOf(length, dilation) - begin, steps };
}

function tapPlaces(kernel: readonly number[], size: readonly number[], starts: readonly number[]): number[] {
  const axes = zip(kernel, stridesOf(kernel), starts, stridesOf(size));
  return Array.from({ length: elementCount(kernel) }, (_, tap) =>
    axes.reduce((place, [length, inner, start, outer]) => {
      const index = Math.floor(tap / inner) % length;
      return place + (start + index) * outer;
    }, 0),
  );
}
