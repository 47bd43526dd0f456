import { areaOf, type Box } from './box.ts';
import type { Convolution } from './convolution.ts';

/**
 * What onnxruntime takes on one core with AVX-512, roughly, in microseconds: fitted to convolutions of 16 to 512 channels.
 * It only says which forms are worth timing.
 */
const MACS_PER_US = 85_000;
const WEIGHTS_PER_US = 3_800;
const NODE_US = 3;
/** An element of a map that is copied, or added to another. */
const COPIED_PER_US = 10_000;
/** Taps of a depthwise kernel: nine of them take as long as copying thrice. */
const TAPS_PER_US = 32_000;

/** Channels that a vector unit computes at once: what is left of a block takes as long as a whole one. */
export const BLOCK = 16;

/** n rounded up to whole blocks. */
export const wholeBlocks = (n: number): number => Math.ceil(n / BLOCK) * BLOCK;

/** Places of a map where its size is open: what a network for small images has. */
const USUAL_PLACES = 256;

export const placesOf = (size: readonly [number, number] | null): number =>
  size ? size[0] * size[1] : USUAL_PLACES;

/** A dense convolution of n filters over `area` positions: limited by arithmetic or by reading its weights. */
export function convolutionCost(conv: Convolution, filters: number, area: number): number {
  const weights = wholeBlocks(filters) * conv.channels * area;
  return NODE_US + Math.max((weights * placesOf(conv.output)) / MACS_PER_US, weights / WEIGHTS_PER_US);
}

/** {@link convolutionCost} of boxes that are added up. */
export const boxesCost = (conv: Convolution, filters: number, boxes: readonly Box[]): number =>
  boxes.reduce((sum, box) => sum + convolutionCost(conv, filters, areaOf(box)), 0);

/** Putting maps of n channels somewhere else. */
export const copyCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * placesOf(conv.output)) / COPIED_PER_US;

/** A depthwise kernel over n channels. */
export const depthwiseCost = (conv: Convolution, channels: number): number =>
  NODE_US + (channels * conv.kernel[0] * conv.kernel[1] * placesOf(conv.output)) / TAPS_PER_US;

/** Pointwise convolutions of n filters, each over c channels, on a map of the given size. */
export function pointwiseCost(
  filters: number,
  channels: number,
  size: readonly [number, number] | null,
): number {
  const weights = filters * channels;
  return NODE_US + Math.max((weights * placesOf(size)) / MACS_PER_US, weights / WEIGHTS_PER_US);
}
