import { type Graph, makeConstant, type Node, type Value } from '../../graph/graph.ts';
import { connections } from '../../graph/topology.ts';
import { type Float32Tensor, floats, type Tensor, toNumbers } from '../../numeric/tensor.ts';

/** y = a·x + s per channel. */
export interface Affine {
  readonly a: Float64Array;
  readonly s: Float64Array;
}

/** What a fold works with: the copy being edited, read fresh for each normalisation. */
export interface FoldContext {
  readonly graph: Graph;
  readonly producer: ReadonlyMap<Value, Node>;
  readonly uses: ReturnType<typeof connections>['uses'];
  /** A name that nothing in the graph has yet. */
  unique(wanted: string): string;
  /** The float32 contents that no feed can replace; null for all else. */
  weights(value: Value | null | undefined): Float32Tensor | null;
  /** The elements of a constant of numbers that no feed can replace; null for all else. */
  numbers(value: Value | null | undefined): readonly number[] | null;
  /** Puts new contents where one node reads a weight: in place, or in a copy where others read it too. */
  setWeight(node: Node, index: number, tensor: Tensor): void;
}

/** The context of one fold. `unique` makes new names unique. */
export function contextOf(graph: Graph, unique: (wanted: string) => string): FoldContext {
  const { producer, uses } = connections(graph);
  const fed = new Set(graph.inputs);
  const stored = new Set(graph.initializers);
  return {
    graph,
    producer,
    uses,
    unique,
    weights: (value) => {
      if (!value?.tensor || fed.has(value) || !stored.has(value) || value.dtype !== 'float32') return null;
      return value.tensor as Float32Tensor;
    },
    numbers: (value) => (value?.tensor && !fed.has(value) ? toNumbers(value.tensor) : null),
    setWeight: (node, index, tensor) => {
      const old = node.inputs[index];
      if (old && stored.has(old) && uses.get(old)?.length === 1) {
        old.tensor = tensor;
        old.shape = tensor.shape;
        return;
      }
      const wanted = old?.name ?? `${node.name || node.outputs[0]?.name}.bias`;
      const value = makeConstant(unique(wanted), tensor);
      graph.initializers.push(value);
      while (node.inputs.length < index) node.inputs.push(null);
      node.inputs[index] = value;
    },
  };
}

/** A float32 vector. */
export const vector = (data: ArrayLike<number>): Tensor => floats([data.length], Float32Array.from(data));
