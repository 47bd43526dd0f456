import { assert } from '../../../../errors.ts';
import { type PlanarConvolution, readPlanarConvolution } from '../../../../graph/convolution.ts';
import { isRefusal } from '../../../../graph/edit/refused.ts';
import { type Node, nodeTitle, onlyOutput, type Value } from '../../../../graph/graph.ts';

/** A two-dimensional convolution with constant weights. */
export interface ConvolutionShape extends PlanarConvolution {
  readonly name: string;
  readonly y: Value;
  /** [M, C/group, kH, kW]. */
  readonly weights: Float32Array;
}

/** Why a Conv node has no kernel; null if it has one. */
export function refuseConvolution(node: Node): string | null {
  const read = readPlanarConvolution(node);
  return isRefusal(read) ? read.reason : null;
}

/** Reads a Conv node that {@link refuseConvolution} accepts. */
export function readConvolution(node: Node): ConvolutionShape {
  const read = readPlanarConvolution(node);
  assert(!isRefusal(read), `${nodeTitle(node)} has no kernel`);
  return { ...read, name: nodeTitle(node), y: onlyOutput(node), weights: read.weight.data };
}
