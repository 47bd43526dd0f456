import { cloneGraph } from '../graph/clone.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { elementCount, floats, type Tensor } from '../numeric/tensor.ts';
import type { StripeLayer } from './layers.ts';

export interface NormalizedStripes {
  /** The network with W̃ in place of W. */
  readonly network: Graph;
  /** Ĩ [M, kH, kW] by the name of the weight. */
  readonly skeletons: ReadonlyMap<string, Tensor>;
}

/** Lower bound of the scale of a stripe, so that zero stripes can be divided by it. */
const LEAST = 1e-6;

/**
 * Writes W = W̃ ⊙ Ĩ with Ĩ[m,i,j] = ‖W[m,:,i,j]‖₂ divided by its mean over the layer. The network computes the same, and |Ĩ|
 * ranks the stripes of all layers by their relative norm from the first step on, whereas skeletons that start at 1 carry no
 * information. Ours, not from the paper.
 */
export function normalizeStripes(network: Graph, layers: readonly StripeLayer[]): NormalizedStripes {
  const graph = cloneGraph(network);
  const byName = new Map(graph.initializers.map((value) => [value.name, value]));
  const skeletons = new Map<string, Tensor>();
  for (const { weight, filters, kernel } of layers) {
    const scales = relativeNorms(weight);
    const divided = byName.get(weight.name)!;
    divided.tensor = divideStripes(weight.tensor!, scales);
    skeletons.set(weight.name, floats([filters, ...kernel], scales));
  }
  return { network: graph, skeletons };
}

function relativeNorms({ tensor }: Value): Float32Array {
  const squares = squaredNorms(tensor!);
  const mean = squares.reduce((sum, square) => sum + Math.sqrt(square), 0) / squares.length;
  return squares.map((square) => Math.max(LEAST, mean > 0 ? Math.sqrt(square) / mean : 1));
}

/** ‖W[m,:,i,j]‖₂² of a weight [M, C, kH, kW], as [M, kH, kW]. */
export function squaredNorms({ shape, data }: Tensor): Float32Array {
  const [filters = 0, channels = 0, ...kernel] = shape;
  const positions = elementCount(kernel);
  const weights = data as Float32Array;
  const squares = new Float32Array(filters * positions);
  for (let m = 0; m < filters; m++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < positions; p++)
        squares[m * positions + p]! += weights[(m * channels + c) * positions + p]! ** 2;
    }
  }
  return squares;
}

function divideStripes({ shape, data }: Tensor, scales: Float32Array): Tensor {
  const [, channels = 0, ...kernel] = shape;
  const positions = elementCount(kernel);
  const divided = (data as Float32Array).map(
    (weight, i) => weight / scales[Math.floor(i / (channels * positions)) * positions + (i % positions)]!,
  );
  return floats(shape, divided);
}
