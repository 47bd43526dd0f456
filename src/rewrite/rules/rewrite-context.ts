import { type Edits, openEdits } from '../../graph/edit/edits.ts';
import type { Graph, Node, Value } from '../../graph/graph.ts';
import { type Float32Tensor, floats, type Tensor, toNumbers } from '../../numeric/tensor.ts';

/** y = a·x + s, per channel. */
export interface Affine {
  readonly a: Float64Array;
  readonly s: Float64Array;
  /** The value x; default: the first input of the node. */
  readonly x?: Value;
}

/** The context of a rewrite rule: edits of the copy, and access to constants. */
export interface RewriteContext extends Edits {
  /** The float32 contents of an initializer that is no default of an input; null for other values. */
  weights(value: Value | null | undefined): Float32Tensor | null;
  /** The elements of a numeric constant that is no default of an input; null for other values. */
  numbers(value: Value | null | undefined): readonly number[] | null;
  /** Another node that reads the same weight as a node's input, except those in `but`; null if there is none. */
  sharer(node: Node, index: number, but?: readonly (Node | null)[]): Node | null;
  /**
   * Replaces the contents of a node's weight: in place, or in a copy if other nodes read it. Nodes that change a shared
   * weight to equal contents share it again.
   */
  setWeight(node: Node, index: number, tensor: Tensor): void;
}

export function rewriteContext(graph: Graph): RewriteContext {
  const edits = openEdits(graph);
  const { producer, uses } = edits;
  const fed = new Set(graph.inputs);
  const copies = new Map<Value, Value[]>();
  const weights: RewriteContext['weights'] = (value) => {
    if (!value?.tensor || fed.has(value) || producer.has(value) || value.dtype !== 'float32') return null;
    return value.tensor as Float32Tensor;
  };
  return {
    ...edits,
    weights,
    numbers: (value) => (value?.tensor && !fed.has(value) ? toNumbers(value.tensor) : null),
    sharer: (node, index, but = []) => {
      const value = node.inputs[index];
      const others = (value && uses.get(value)) ?? [];
      return others.find((use) => use.node && use.node !== node && !but.includes(use.node))?.node ?? null;
    },
    setWeight: (node, index, tensor) => {
      const old = node.inputs[index];
      // A new bias is associated with the weight.
      const owner = old ?? node.inputs[1];
      const known = owner && copies.get(owner)?.find((copy) => isEqual(copy.tensor, tensor));
      if (known) {
        edits.setInput(node, index, known);
      } else if (old && weights(old) && uses.get(old)?.length === 1) {
        old.tensor = tensor;
        old.shape = tensor.shape;
      } else {
        const value = edits.constant(tensor, old?.name ?? `${node.name || node.outputs[0]?.name}.bias`);
        if (owner) copies.set(owner, [...(copies.get(owner) ?? []), value]);
        edits.setInput(node, index, value);
      }
    },
  };
}

const isEqual = (a: Tensor | null, b: Tensor): boolean => a !== null && equalTensors(a, b);

/** Whether two numeric tensors have equal elements. */
export function equalTensors(a: Tensor, b: Tensor): boolean {
  return (
    a.shape.join() === b.shape.join() && a.data.every((element: unknown, i: number) => element === b.data[i])
  );
}

/** A float32 vector. */
export const vector = (data: ArrayLike<number>): Tensor => floats([data.length], Float32Array.from(data));
