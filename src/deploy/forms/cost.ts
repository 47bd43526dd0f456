import { areaOf, type Box } from './box.ts';
import type { Convolution } from './convolution.ts';

/**
 * A cost model of onnxruntime on one core with AVX-512, in microseconds, fitted to convolutions of 16 to 512 channels. It
 * only decides which forms are timed.
 */
const MACS_PER_US = 86_000;
const WEIGHTS_PER_US = 3_800;
const NODE_US = 3;
/** Copied or added elements per microsecond of contiguous maps, and of maps that are copied row by row. */
const COPIED_PER_US = 10_000;
const SLICED_PER_US = 1_000;
/** A Gather between two layers in the blocked layout: its start, and elements per microsecond with both conversions. */
const REORDER_US = 1;
const REORDERED_PER_US = 2_000;
/** Taps of a depthwise kernel per microsecond: nine taps take as long as three copies. */
const TAPS_PER_US = 32_000;

/** Channels that a vector unit computes at once: a partial block takes as long as a full one. */
export const BLOCK = 16;

/** n rounded up to a multiple of {@link BLOCK}. */
export const wholeBlocks = (n: number): number => Math.ceil(n / BLOCK) * BLOCK;

/** Assumed number of pixels if the size is open: typical for networks for small images. */
const USUAL_PLACES = 256;

export const placesOf = (size: readonly [number, number] | null): number =>
  size ? size[0] * size[1] : USUAL_PLACES;

/** Relative time of 0 to 3 blocks of filters; 4 blocks, which kernels compute at once, take 4. */
const BLOCK_TIMES = [0, 1.57, 2.17, 3.05];

/** Effective number of filters: those in a partial pass cost more. */
function passes(filters: number): number {
  const blocks = Math.ceil(filters / BLOCK);
  return BLOCK * (blocks - (blocks % 4) + BLOCK_TIMES[blocks % 4]!);
}

/** The cost of a dense convolution with n filters over `area` positions: limited by arithmetic or by reading weights. */
export function convolutionCost(conv: Convolution, filters: number, area: number): number {
  const perFilter = conv.channels * area;
  const arithmetic = (passes(filters) * perFilter * placesOf(conv.output)) / MACS_PER_US;
  return NODE_US + Math.max(arithmetic, (filters * perFilter) / WEIGHTS_PER_US);
}

/** The summed {@link convolutionCost} of boxes whose results are added. */
export const boxesCost = (conv: Convolution, filters: number, boxes: readonly Box[]): number =>
  boxes.reduce((sum, box) => sum + convolutionCost(conv, filters, areaOf(box)), 0);

/** The cost of copying feature maps of n channels. */
export const copyCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * placesOf(conv.output)) / COPIED_PER_US;

/** The cost of reordering feature maps: out of the blocked layout, Gather, and back. */
export const reorderCost = (conv: Convolution): number =>
  REORDER_US + (conv.filters * placesOf(conv.output)) / REORDERED_PER_US;

/** The cost of slicing windows out of feature maps of n channels. */
export const sliceCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * placesOf(conv.output)) / SLICED_PER_US;

/** The cost of a depthwise convolution of n channels. */
export const depthwiseCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * conv.kernel[0] * conv.kernel[1] * placesOf(conv.output)) / TAPS_PER_US;

/** The cost of n pointwise filters in groups, each over c channels, on a feature map of the given size. */
export function pointwiseCost(filters: number, { channels, size, groups = 1 }: Pointwise): number {
  const arithmetic = (groups * passes(filters / groups) * channels * placesOf(size)) / MACS_PER_US;
  return NODE_US + Math.max(arithmetic, (filters * channels) / WEIGHTS_PER_US);
}

interface Pointwise {
  readonly channels: number;
  readonly size: readonly [number, number] | null;
  readonly groups?: number;
}
