import type { Graph, Node, Value } from '../../graph/graph.ts';
import { fedInputs } from '../../graph/inputs/image-input.ts';
import { isOneOf, isOperator } from '../../graph/operators/index.ts';
import { traitsOf } from '../../graph/operators/traits.ts';
import { capturedValues, connections } from '../../graph/topology.ts';
import { chosenOutputs } from './named.ts';

/** A value by which a changed network is compared with the original. */
export interface CountedOutput {
  /** The name of the output, or of the value compared in its place. */
  readonly name: string;
  readonly value: Value;
  /** `numbers` are compared by relative error; `choices` (indices, classes, flags) by the fraction of equal elements. */
  readonly kind: 'numbers' | 'choices';
}

/** The outputs that are compared, and those that are not. */
export interface CountedOutputs {
  readonly counted: readonly CountedOutput[];
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Chooses what is compared between networks: the outputs that match the globs (default: all). If an output comes from
 * operators that sort or select (TopK, NonMaxSuppression, NonZero …), their numeric inputs are compared instead, since a
 * small change may reorder the output. Outputs that do not depend on the image are ignored. Throws `usage` for a glob that
 * matches nothing.
 */
export function countedOutputs(graph: Graph, globs?: readonly string[]): CountedOutputs {
  const flow = followImage(graph);
  const counted = new Map<Value, CountedOutput>();
  const ignored: { name: string; reason: string }[] = [];
  for (const output of chosenOutputs(graph, globs)) {
    if (!flow.fromImage.has(output)) {
      ignored.push({ name: output.name, reason: 'it does not depend on the image' });
      continue;
    }
    for (const value of flow.compared(output)) {
      const isOutput = value === output;
      const name = isOutput ? output.name : `${value.name} (before ${flow.selectorOf(output)})`;
      counted.set(value, { name, value, kind: isChoice(value, flow.producer) ? 'choices' : 'numbers' });
    }
  }
  return { counted: [...counted.values()], ignored };
}

/** How values of a network depend on the image. */
interface ImageFlow {
  readonly producer: ReadonlyMap<Value, Node>;
  readonly fromImage: ReadonlySet<Value>;
  /** The values compared in place of a value. */
  compared(value: Value): ReadonlySet<Value>;
  /** The operator because of which other values are compared. */
  selectorOf(value: Value): string;
}

function followImage(graph: Graph): ImageFlow {
  const { producer } = connections(graph);
  const fromImage = new Set(fedInputs(graph));
  const selected = new Map<Value, Node>();
  for (const node of graph.nodes) {
    const read = readBy(node).filter((value) => fromImage.has(value));
    if (read.length === 0 || traitsOf(node).readsSize) continue;
    const selector = traitsOf(node).selects ? node : read.map((value) => selected.get(value)).find(Boolean);
    for (const value of node.outputs) {
      if (!value) continue;
      fromImage.add(value);
      if (selector) selected.set(value, selector);
    }
  }
  const known = new Map<Value, ReadonlySet<Value>>();
  const compared = (value: Value): ReadonlySet<Value> => {
    const node = producer.get(value);
    if (!node || !selected.has(value)) return new Set([value]);
    const before =
      known.get(value) ??
      union(
        readBy(node).filter((v) => fromImage.has(v)),
        numbersOf,
      );
    known.set(value, before);
    return before;
  };
  /** Numeric values behind a choice: before an operator that selects, a comparison of numbers decides. */
  const numbersOf = (value: Value): ReadonlySet<Value> => {
    const node = producer.get(value);
    if (!node || selected.has(value)) return compared(value);
    return isInteger(value)
      ? union(
          readBy(node).filter((v) => fromImage.has(v)),
          numbersOf,
        )
      : new Set([value]);
  };
  return { producer, fromImage, compared, selectorOf: (value) => selected.get(value)?.op ?? '' };
}

const readBy = (node: Node): Value[] => [
  ...node.inputs.filter((value) => value !== null),
  ...capturedValues(node),
];

const union = (values: readonly Value[], each: (value: Value) => ReadonlySet<Value>): Set<Value> =>
  new Set(values.flatMap((value) => [...each(value)]));

const isInteger = ({ dtype }: Value): boolean => dtype !== null && !/^(b?float)/.test(dtype);

/** Operators that pass choices through. */
const passesChoices = isOneOf('Cast', 'Identity', 'Squeeze', 'Unsqueeze', 'Reshape', 'Flatten', 'Transpose');

/** Whether a value holds integers or booleans, possibly cast to another type, such as classes of ArgMax as float32. */
function isChoice(value: Value, producer: ReadonlyMap<Value, Node>): boolean {
  if (isInteger(value)) return true;
  const node = producer.get(value);
  if (!node || !passesChoices(node)) return isOperator(node, 'ArgMax') || isOperator(node, 'ArgMin');
  const from = node.inputs[0];
  return from ? isChoice(from, producer) : false;
}
