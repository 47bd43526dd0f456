import type { Graph, Node, Value } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { traitsOf } from '../../graph/operators/traits.ts';

/** A division of a weight into pieces: `pieceOf` maps an element's index to its piece. */
export interface Pieces {
  readonly weight: Value;
  readonly layer: string;
  readonly count: number;
  /** Number of elements per piece. */
  readonly size: number;
  pieceOf(element: number): number;
}

/** The pieces of each granularity below channels. */
export const pieceRules = {
  /** Single weights of convolutions and linear layers. */
  weight: (node: Node) => pieces(node, (shape) => ({ count: product(shape), pieceOf: (i) => i })),
  /** W[m, :, i, j]: each filter loses kernel positions of its own (Meng et al., NeurIPS 2020, section 3). */
  stripe: (node: Node) =>
    hasStripes(node)
      ? pieces(node, ([filters = 0, channels = 0, ...kernel]) => {
          const positions = product(kernel);
          const pieceOf = (i: number) => Math.floor(i / (channels * positions)) * positions + (i % positions);
          return { count: filters * positions, pieceOf };
        })
      : null,
  /** W[:, c, i, j]: all filters lose the same kernel positions of an input channel. */
  group: (node: Node) =>
    hasStripes(node)
      ? pieces(node, ([, channels = 0, ...kernel]) => {
          const size = channels * product(kernel);
          return { count: size, pieceOf: (i) => i % size };
        })
      : null,
  /** W[:, :, i, j]: kernel positions that all filters lose. */
  position: (node: Node) =>
    hasStripes(node)
      ? pieces(node, ([, , ...kernel]) => ({ count: product(kernel), pieceOf: (i) => i % product(kernel) }))
      : null,
} satisfies Record<string, (node: Node) => Pieces | null>;

export type PieceGranularity = keyof typeof pieceRules;

/** The pieces of every layer to which a granularity applies, in graph order. */
export function piecesOf(graph: Graph, granularity: PieceGranularity): Pieces[] {
  return graph.nodes.flatMap((node) => pieceRules[granularity](node) ?? []);
}

/** Whether a convolution has more than one kernel position. */
const hasStripes = (node: Node): boolean =>
  isOperator(node, 'Conv') && (node.inputs[1]?.tensor?.shape.slice(2).some((size) => size > 1) ?? false);

function pieces(
  node: Node,
  layOut: (shape: readonly number[]) => {
    readonly count: number;
    readonly pieceOf: (element: number) => number;
  },
): Pieces | null {
  const weight = node.inputs[1];
  if (!traitsOf(node).linear || !weight?.tensor || weight.tensor.dtype !== 'float32') return null;
  const { shape } = weight.tensor;
  const { count, pieceOf } = layOut(shape);
  return { weight, layer: node.name || weight.name, count, size: product(shape) / count, pieceOf };
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
