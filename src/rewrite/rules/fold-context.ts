import { type Graph, makeConstant, type Node, type Value } from '../../graph/graph.ts';
import { connections } from '../../graph/topology.ts';
import { type Float32Tensor, floats, type Tensor, toNumbers } from '../../numeric/tensor.ts';

/** y = a·x + s per channel. */
export interface Affine {
  readonly a: Float64Array;
  readonly s: Float64Array;
  /** What x is; default: the first input of the node. */
  readonly x?: Value;
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
  /** Another node, but for some, that reads the weight that a node reads at an input; null where there is none. */
  sharer(node: Node, index: number, but?: readonly (Node | null)[]): Node | null;
  /**
   * Puts new contents where one node reads a weight: in place, or in a copy where others read it too. Nodes that change a
   * shared weight alike go on sharing it.
   */
  setWeight(node: Node, index: number, tensor: Tensor): void;
}

/** The context of one fold. `unique` makes new names unique; `copies` are those that folds before it made of weights. */
export function contextOf(
  graph: Graph,
  unique: (wanted: string) => string,
  copies: Map<Value, Value[]> = new Map(),
): FoldContext {
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
    sharer: (node, index, but = []) => {
      const value = node.inputs[index];
      const others = (value && uses.get(value)) ?? [];
      return others.find((use) => use.node && use.node !== node && !but.includes(use.node))?.node ?? null;
    },
    setWeight: (node, index, tensor) => {
      const old = node.inputs[index];
      // A bias that is new belongs to the weight.
      const owner = old ?? node.inputs[1];
      const known = owner && copies.get(owner)?.find((copy) => equalTensors(copy.tensor!, tensor));
      if (known) {
        while (node.inputs.length < index) node.inputs.push(null);
        node.inputs[index] = known;
        return;
      }
      if (old && stored.has(old) && uses.get(old)?.length === 1) {
        old.tensor = tensor;
        old.shape = tensor.shape;
        return;
      }
      const wanted = old?.name ?? `${node.name || node.outputs[0]?.name}.bias`;
      const value = makeConstant(unique(wanted), tensor);
      graph.initializers.push(value);
      if (owner) copies.set(owner, [...(copies.get(owner) ?? []), value]);
      while (node.inputs.length < index) node.inputs.push(null);
      node.inputs[index] = value;
    },
  };
}

/** Whether two tensors of numbers hold the same. */
export function equalTensors(a: Tensor, b: Tensor): boolean {
  return (
    a.shape.join() === b.shape.join() && a.data.every((element: unknown, i: number) => element === b.data[i])
  );
}

/** A float32 vector. */
export const vector = (data: ArrayLike<number>): Tensor => floats([data.length], Float32Array.from(data));
