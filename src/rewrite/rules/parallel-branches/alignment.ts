import { isRefusal, type Refusal, refuse, unlessRefused } from '../../../graph/edit/refused.ts';
import { explicitWindow, extentOf, type Window } from '../../../graph/window.ts';
import { stridesOf } from '../../../numeric/tensor.ts';
import type { Branch } from './branch.ts';

/** One kernel that covers those of several branches. */
export interface Alignment {
  readonly kernel: readonly number[];
  readonly window: Window;
  /** For each branch, the place of each of its taps in the common kernel. */
  readonly places: readonly (readonly number[])[];
}

/** The alignment of branches; a reason where their windows do not lie on one grid, or come to different places. */
export function align(branches: readonly Branch[]): Alignment | Refusal {
  const [{ window, kernel } = { window: explicitWindow({}, [], []), kernel: [] }] = branches;
  const aligned = unlessRefused(
    kernel.map((_, axis) => alignAxis(branches.map((branch) => axisOf(branch, axis)))),
  );
  if (isRefusal(aligned)) return aligned;
  const size = aligned.map(({ length }) => length);
  const places = branches.map((branch, index) => {
    const starts = aligned.map(({ steps }) => steps[index]!);
    return tapPlaces(branch.kernel, size, starts);
  });
  const pads = [...aligned.map(({ begin }) => begin), ...aligned.map(({ end }) => end)];
  const dilations = aligned.map(({ dilation }) => dilation);
  return { kernel: size, window: { strides: window.strides, dilations, pads }, places };
}

/** A branch on one axis. */
interface Axis {
  readonly length: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
}

interface AlignedAxis extends Axis {
  /** For each branch, the tap of the common kernel that its first tap becomes. */
  readonly steps: readonly number[];
}

const axisOf = ({ kernel, window }: Branch, axis: number): Axis => ({
  length: kernel[axis]!,
  dilation: window.dilations[axis]!,
  begin: window.pads[axis]!,
  end: window.pads[kernel.length + axis]!,
});

/** Tap j of a branch reads x[s·o + d·j − begin]: with the largest begin, all of them are taps of one kernel. */
function alignAxis(axes: readonly Axis[]): AlignedAxis | Refusal {
  const dilations = new Set(axes.filter(({ length }) => length > 1).map(({ dilation }) => dilation));
  if (dilations.size > 1) return refuse('mismatch', 'its branches have different dilations');
  const [dilation = 1] = dilations;
  // What a window leaves of the input is what all of them must leave, or they come to different sizes.
  const slacks = new Set(
    axes.map(({ length, begin, end, dilation: gap }) => begin + end - extentOf(length, gap)),
  );
  if (slacks.size > 1) return refuse('mismatch', 'the padding of its branches does not fit their kernels');
  const begin = Math.max(...axes.map((axis) => axis.begin));
  const steps = axes.map((axis) => (begin - axis.begin) / dilation);
  if (!steps.every(Number.isInteger)) return refuse('mismatch', 'its branches read interleaved positions');
  const length = Math.max(...axes.map((axis, i) => steps[i]! + axis.length));
  const [slack = 0] = slacks;
  return { length, dilation, begin, end: slack + extentOf(length, dilation) - begin, steps };
}

function tapPlaces(kernel: readonly number[], size: readonly number[], starts: readonly number[]): number[] {
  const [inner, outer] = [stridesOf(kernel), stridesOf(size)];
  const count = kernel.reduce((product, length) => product * length, 1);
  return Array.from({ length: count }, (_, tap) =>
    kernel.reduce((place, length, axis) => {
      const index = Math.floor(tap / inner[axis]!) % length;
      return place + (starts[axis]! + index) * outer[axis]!;
    }, 0),
  );
}
