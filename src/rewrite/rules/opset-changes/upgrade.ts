import { EspalierError } from '../../../errors.ts';
import { type Dim, type Node, nodeLabel, type Shape, type Value } from '../../../graph/graph.ts';
import { type DataType, int64s, type Tensor } from '../../../numeric/tensor.ts';

/** The context in which a node is upgraded. */
export interface UpgradeContext {
  /** The opset of the graph. */
  readonly from: number;
  /** Adds an initializer named after the node. */
  constant(tensor: Tensor, suffix: string): Value;
  /** Adds an intermediate value named after the node. */
  value(suffix: string, dtype: DataType | null, shape: Shape | null): Value;
  /** A name for an additional node. */
  name(suffix: string): string;
  /** The known elements of a small value; null if none is known. */
  contents(value: Value): readonly Dim[] | null;
  /** Whether the output with this index has readers. */
  isRead(index: number): boolean;
}

/** The change of an operator in opset `since`: edits the node in place, or returns the nodes that replace it. */
export interface Upgrade {
  readonly since: number;
  change(node: Node, context: UpgradeContext): Node[] | undefined;
}

/** The changes of each operator, oldest first. */
export type Upgrades = Readonly<Record<string, readonly Upgrade[]>>;

interface AttributeValues {
  int: number | bigint;
  float: number;
  ints: readonly (number | bigint)[];
  floats: readonly number[];
}

/** Removes an attribute from a node and returns its value; undefined if it is missing. */
export function takeAttribute<K extends keyof AttributeValues>(
  node: Node,
  name: string,
  kind: K,
): AttributeValues[K] | undefined {
  const attribute = node.attributes[name];
  if (!attribute) return undefined;
  if (attribute.kind !== kind) {
    const message = `attribute ${name}: expected ${kind}, found ${attribute.kind}`;
    throw new EspalierError('invalid-model', message, { where: nodeLabel(node) });
  }
  delete node.attributes[name];
  return attribute.value as AttributeValues[K];
}

/** Sets an input; missing inputs before it become null. */
export function setOptionalInput(node: Node, index: number, value: Value): void {
  while (node.inputs.length < index) node.inputs.push(null);
  node.inputs[index] = value;
}

/** Turns the list attribute `name` into the input with index `index`. */
export const listBecomesInput =
  (name: string, index: number): Upgrade['change'] =>
  (node, { constant }) => {
    const list = takeAttribute(node, name, 'ints');
    if (list) setOptionalInput(node, index, constant(int64s(list), name));
  };

/** The error for a node that cannot be expressed in the newer opset. */
export const inexpressible = (node: Node, message: string): EspalierError =>
  new EspalierError('unsupported', message, { where: nodeLabel(node) });
