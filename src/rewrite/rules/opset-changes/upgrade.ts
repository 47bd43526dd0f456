import { EspalierError } from '../../../errors.ts';
import { type Dim, type Node, nodeLabel, type Shape, type Value } from '../../../graph/graph.ts';
import { type DataType, int64s, type Tensor } from '../../../numeric/tensor.ts';

/** What a change may add to the graph around its node. */
export interface UpgradeContext {
  /** The opset that the graph is written for. */
  readonly from: number;
  /** A new initializer named after the node. */
  constant(tensor: Tensor, suffix: string): Value;
  /** A new intermediate value named after the node. */
  value(suffix: string, dtype: DataType | null, shape: Shape | null): Value;
  /** A name for a further node. */
  name(suffix: string): string;
  /** The elements of a small value as far as they are known; null where nothing is. */
  contents(value: Value): readonly Dim[] | null;
  /** Whether the node's output of this index is read. */
  isRead(index: number): boolean;
}

/** A change of an operator in opset `since`: edits the node in place, or returns the nodes that replace it. */
export interface Upgrade {
  readonly since: number;
  change(node: Node, context: UpgradeContext): Node[] | undefined;
}

/** Changes of one operator, oldest first. */
export type Upgrades = Readonly<Record<string, readonly Upgrade[]>>;

interface AttributeValues {
  int: number | bigint;
  float: number;
  ints: readonly (number | bigint)[];
  floats: readonly number[];
}

/** Takes an attribute off a node; undefined where it has none. */
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

/** Sets an input, the missing ones before it null. */
export function setOptionalInput(node: Node, index: number, value: Value): void {
  while (node.inputs.length < index) node.inputs.push(null);
  node.inputs[index] = value;
}

/** The list attribute `name` becomes the input `index`. */
export const listBecomesInput =
  (name: string, index: number): Upgrade['change'] =>
  (node, { constant }) => {
    const list = takeAttribute(node, name, 'ints');
    if (list) setOptionalInput(node, index, constant(int64s(list), name));
  };

/** An error of a node that the newer opset has no words for. */
export const inexpressible = (node: Node, message: string): EspalierError =>
  new EspalierError('unsupported', message, { where: nodeLabel(node) });
