import type { Attribute, Graph, Node, Value } from '../graph/graph.ts';
import { isOneOf, isOperator } from '../graph/operators/index.ts';
import { traitsOf } from '../graph/operators/traits.ts';
import { capturedValues, connections } from '../graph/topology.ts';
import { zip } from '../numeric/zip.ts';

/** Values of two graphs that must be equal. */
export interface ComparePoint {
  readonly before: Value;
  readonly after: Value;
}

/** The points at which an output is compared, before operators that hide or amplify differences. */
export interface OutputPoints {
  readonly points: readonly ComparePoint[];
  /** Whether elements of the output may be reordered, or jump, if earlier values differ by rounding. */
  readonly ordering: boolean;
}

/** Operators that select elements of their first input. */
const isPicking = isOneOf('Gather', 'Slice');
const isTransparent = isOneOf('Identity', 'Dropout');

/**
 * Determines where each output of two graphs is compared: at the outputs of the last layers, if an operator after them
 * saturates (Sigmoid, Softmax …), or orders or rounds (TopK, NonMaxSuppression, ArgMax, Equal, Cast to integers …). Both
 * graphs are followed backwards from the output as long as their operators agree. null if no operator hides differences: then
 * the output itself is compared.
 */
export function comparePoints(before: Graph, after: Graph): (OutputPoints | null)[] {
  const sides: Sides = { before: connections(before).producer, after: connections(after).producer };
  return zip(before.outputs, after.outputs).map(([output, other]) => {
    const found: Walk = { points: new Map(), seen: new Set(), saturates: false, orders: false };
    walk({ before: output, after: other }, sides, found);
    const points = [...found.points.values()];
    const itself = points.some(({ before: value }) => value === output);
    if (points.length === 0 || itself || !(found.saturates || found.orders)) return null;
    return { points, ordering: found.orders };
  });
}

interface Sides {
  readonly before: ReadonlyMap<Value, Node>;
  readonly after: ReadonlyMap<Value, Node>;
}

interface Walk {
  readonly points: Map<Value, ComparePoint>;
  readonly seen: Set<Value>;
  saturates: boolean;
  orders: boolean;
}

function walk(pair: ComparePoint, sides: Sides, found: Walk): void {
  const stack = [pair];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const before = source(next.before, sides.before);
    const after = source(next.after, sides.after);
    if (found.seen.has(before)) continue;
    found.seen.add(before);
    const [left, right] = [sides.before.get(before), sides.after.get(after)];
    // Constants and inputs of the graphs are equal.
    if (before.tensor || after.tensor || (!left && !right)) continue;
    if (!left || !right || !isSame(left, right)) {
      // If one graph was folded, the values before this node are matched by name.
      const exits = left && exitsOf(before, sides, found);
      for (const point of exits ?? [{ before, after }]) found.points.set(point.before, point);
      continue;
    }
    if (isOrdering(left)) found.orders = true;
    if (traitsOf(left).saturates) found.saturates = true;
    if (picksSize(left, sides.before)) found.points.set(before, { before, after });
    else if (!traitsOf(left).readsSize) stack.push(...pairsOf(left, right));
  }
}

/**
 * The outputs of the last layers before a value that is ordered, each with the value of the same name in the other graph;
 * null if nothing orders them, if only sizes precede the value, or if a name is missing.
 */
function exitsOf(value: Value, { before, after }: Sides, found: Walk): ComparePoint[] | null {
  const namesakes = new Map([...after.keys()].map((made) => [made.name, made]));
  const exits: ComparePoint[] = [];
  const seen = new Set<Value>();
  const stack = [value];
  let orders = false;
  for (let at = stack.pop(); at; at = stack.pop()) {
    const node = before.get(at);
    if (seen.has(at) || at.tensor || !node) continue;
    seen.add(at);
    if (isKnown(node)) {
      orders ||= isOrdering(node);
      if (!traitsOf(node).readsSize) for (const input of inputsOf(node)) if (input) stack.push(input);
      continue;
    }
    const namesake = namesakes.get(at.name);
    if (!namesake) return null;
    exits.push({ before: at, after: namesake });
  }
  if (!orders || exits.length === 0) return null;
  found.orders = true;
  return exits;
}

function source(value: Value, producer: ReadonlyMap<Value, Node>): Value {
  let at = value;
  for (let node = producer.get(at); node && isTransparent(node); ) {
    if (!node.inputs[0] || at !== node.outputs[0]) break;
    at = node.inputs[0];
    node = producer.get(at);
  }
  return at;
}

/** Whether a node selects sizes of a value; then the value is compared instead. */
function picksSize(node: Node, producer: ReadonlyMap<Value, Node>): boolean {
  const [data] = node.inputs;
  return isPicking(node) && !!data && isOperator(producer.get(source(data, producer)), 'Shape');
}

/** Whether both nodes have the same operator, which can be followed, and the same attributes. */
function isSame(left: Node, right: Node): boolean {
  if (left.op !== right.op || !isKnown(left) || !isKnown(right)) return false;
  return inputsOf(left).length === inputsOf(right).length && keyOf(left) === keyOf(right);
}

/** Attributes as text; subgraphs are identified by their names. */
const keyOf = ({ attributes }: Node): string =>
  Object.entries(attributes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${name}=${textOf(attribute)}`)
    .join();

function textOf({ kind, value }: Attribute): string {
  if (kind === 'graph' || kind === 'graphs' || kind === 'tensor' || kind === 'opaque') return kind;
  return typeof value === 'object' && ArrayBuffer.isView(value)
    ? new TextDecoder().decode(value)
    : String(value);
}

/** Explicit inputs, and the outer values that subgraphs read. */
const inputsOf = (node: Node): (Value | null)[] => [...node.inputs, ...capturedValues(node)];

function pairsOf(left: Node, right: Node): ComparePoint[] {
  const others = inputsOf(right);
  return inputsOf(left).flatMap((before, i) => {
    const after = others[i];
    return before && after ? [{ before, after }] : [];
  });
}

/** Whether a node passes on, saturates or orders values, without weights of its own. */
function isKnown(node: Node): boolean {
  const { passesOn, saturates, discontinuous } = traitsOf(node);
  return node.domain === '' && (passesOn || saturates || discontinuous) === true;
}

/** Whether inputs that differ by rounding may lead to completely different outputs. */
const isOrdering = (node: Node): boolean =>
  traitsOf(node).discontinuous === true || (isOperator(node, 'Cast') && !isFloat(node.attributes.to));

/** float32, float16, float64, bfloat16. */
const isFloat = (to: Attribute | undefined): boolean => [1, 10, 11, 16].includes(Number(to?.value));
