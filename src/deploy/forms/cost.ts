import { areaOf, type Box } from './box.ts';
import type { Convolution } from './convolution.ts';

/**
 * What onnxruntime takes on one core with AVX-512, in microseconds: fitted to convolutions of 16 to 512 channels. It only says
 * which forms are worth timing.
 */
const MACS_PER_US = 86_000;
const WEIGHTS_PER_US = 3_800;
const NODE_US = 3;
/** Elements of maps that are copied whole, or added; and those that are copied row by row. */
const COPIED_PER_US = 10_000;
const SLICED_PER_US = 1_000;
/** Taps of a depthwise kernel: nine of them take as long as copying thrice. */
const TAPS_PER_US = 32_000;

/** Channels that a vector unit computes at once: what is left of a block takes as long as a whole one. */
export const BLOCK = 16;

/** n rounded up to whole blocks. */
export const wholeBlocks = (n: number): number => Math.ceil(n / BLOCK) * BLOCK;

/** Places of a map where its size is free: what a network for small images has. */
const USUAL_PLACES = 256;

export const placesOf = (size: readonly [number, number] | null): number =>
  size ? size[0] * size[1] : USUAL_PLACES;

/** What one to three blocks of filters take, where four take 4: kernels compute up to four at once. */
const BLOCK_TIMES = [0, 1.57, 2.17, 3.05];

/** Filters, those of a pass that is not full counting for more. */
function passes(filters: number): number {
  const blocks = Math.ceil(filters / BLOCK);
  return BLOCK * (blocks - (blocks % 4) + BLOCK_TIMES[blocks % 4]!);
}

/** A dense convolution of n filters over `area` positions: limited by arithmetic or by reading its weights. */
export function convolutionCost(conv: Convolution, filters: number, area: number): number {
  const perFilter = conv.channels * area;
  const arithmetic = (passes(filters) * perFilter * placesOf(conv.output)) / MACS_PER_US;
  return NODE_US + Math.max(arithmetic, (filters * perFilter) / WEIGHTS_PER_US);
}

/** {@link convolutionCost} of boxes that are added up. */
export const boxesCost = (conv: Convolution, filters: number, boxes: readonly Box[]): number =>
  boxes.reduce((sum, box) => sum + convolutionCost(conv, filters, areaOf(box)), 0);

/** Putting maps of n channels somewhere else. */
export const copyCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * placesOf(conv.output)) / COPIED_PER_US;

/** Putting the filters' maps in another order: out of the blocked layout, gathered, and back. */
export const reorderCost = (conv: Convolution): number => 3 * copyCost(conv, conv.filters);

/** Windows of maps of n channels. */
export const sliceCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * placesOf(conv.output)) / SLICED_PER_US;

/** A depthwise kernel over n channels. */
export const depthwiseCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * conv.kernel[0] * conv.kernel[1] * placesOf(conv.output)) / TAPS_PER_US;

/** Pointwise convolutions of n filters in groups, each over c channels, on a map of the given size. */
export function pointwiseCost(filters: number, { channels, size, groups = 1 }: Pointwise): number {
  const arithmetic = (groups * passes(filters / groups) * channels * placesOf(size)) / MACS_PER_US;
  return NODE_US + Math.max(arithmetic, (filters * channels) / WEIGHTS_PER_US);
}

interface Pointwise {
  readonly channels: number;
  readonly size: readonly [number, number] | null;
  readonly groups?: number;
}
