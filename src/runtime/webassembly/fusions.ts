import type { Graph, Node, Value } from '../../graph/graph.ts';
import { staticShape } from '../../graph/graph.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { type Connections, connections } from '../../graph/topology.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { refusePointwise } from './pointwise.ts';

/** An operand of a fused operator: a value computed earlier in the same step, or a constant. */
export type FusedOperand =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'scalar'; readonly number: number }
  /** One number per channel. */
  | { readonly kind: 'channel'; readonly data: Float32Array }
  | null;

export interface FusedNode {
  readonly node: Node;
  readonly operands: readonly FusedOperand[];
  readonly output: Value;
}

/** Elementwise operators that are applied to the result of a layer before it is stored. */
export interface Fusion {
  /** The value that the layer itself computes. */
  readonly start: Value;
  /** A value of the same shape that is added to `start` first. */
  readonly residual: Value | null;
  /** The input of the epilogue: `start`, or its sum with the residual. */
  readonly sum: Value;
  readonly epilogue: readonly FusedNode[];
  /** The value that is stored. */
  readonly output: Value;
}

/** All fusions of a graph. */
export interface Fusions {
  /** The layer and its fusion, by the last fused node. */
  readonly byLast: ReadonlyMap<Node, { readonly base: Node; readonly fusion: Fusion }>;
  /** Nodes that are part of a fusion, except the last node of each. */
  readonly absorbed: ReadonlySet<Node>;
}

/** Where operators can be fused to a node, and which axis of its result is the channel axis. */
export interface FusibleBase {
  readonly channelAxis: number;
  /** Whether the kernel can add a value of the same shape. */
  readonly takesResidual: boolean;
}

/** Finds, for each layer that `baseOf` accepts, the following operators that depend only on its result and constants. */
export function findFusions(graph: Graph, baseOf: (node: Node) => FusibleBase | null): Fusions {
  const links = connections(graph);
  const byLast = new Map<Node, { base: Node; fusion: Fusion }>();
  const absorbed = new Set<Node>();
  const taken = new Set<Node>();
  for (const node of graph.nodes) {
    const [start] = node.outputs;
    if (!start || taken.has(node)) continue;
    const base = baseOf(node);
    if (!base) continue;
    const found = grow({ start, base, links, taken });
    const nodes = [node, ...found.nodes];
    const last = nodes.at(-1) ?? node;
    for (const each of nodes) taken.add(each);
    for (const each of nodes.slice(0, -1)) absorbed.add(each);
    byLast.set(last, { base: node, fusion: found.fusion });
  }
  return { byLast, absorbed };
}

interface Growth {
  readonly start: Value;
  readonly base: FusibleBase;
  readonly links: Connections;
  /** Nodes that already belong to a fusion. */
  readonly taken: ReadonlySet<Node>;
}

function grow(growth: Growth): { nodes: Node[]; fusion: Fusion } {
  const { start, base } = growth;
  const residual = base.takesResidual ? residualOf(growth) : null;
  const sum = residual?.sum ?? start;
  const epilogue = closedRegion(sum, growth);
  return {
    nodes: [...(residual ? [residual.node] : []), ...epilogue.map(({ node }) => node)],
    fusion: {
      start,
      residual: residual?.other ?? null,
      sum,
      epilogue,
      output: epilogue.at(-1)?.output ?? sum,
    },
  };
}

/** The Add of `start`, which has no other reader, and a computed value of the same shape. */
function residualOf({ start, links, taken }: Growth): { node: Node; other: Value; sum: Value } | null {
  const [use, ...more] = links.uses.get(start) ?? [];
  if (!use?.node || more.length > 0 || !isOperator(use.node, 'Add') || taken.has(use.node)) return null;
  const [a, b] = use.node.inputs;
  const other = a === start ? b : a;
  const [sum] = use.node.outputs;
  if (!other || !sum || other.tensor) return null;
  return sameShape(other, start) ? { node: use.node, other, sum } : null;
}

const sameShape = (a: Value, b: Value): boolean => staticShape(a).join() === staticShape(b).join();

/**
 * The largest set of elementwise operators that depend only on `sum`, constants and each other, and of which only the last
 * value is read outside the set.
 */
function closedRegion(sum: Value, { base, links, taken }: Growth): FusedNode[] {
  const inside = new Set<Value>([sum]);
  const members = new Set<Node>();
  const found: FusedNode[] = [];
  let closed = 0;
  for (let progress = true; progress; ) {
    progress = false;
    for (const value of [...inside]) {
      for (const { node } of links.uses.get(value) ?? []) {
        if (!node || members.has(node) || taken.has(node)) continue;
        const fused = fusedNode(node, inside, { sum, axis: base.channelAxis });
        if (!fused) continue;
        members.add(node);
        inside.add(fused.output);
        found.push(fused);
        progress = true;
        if (isClosed(fused.output, { inside, members, links })) closed = found.length;
      }
    }
  }
  return found.slice(0, closed);
}

interface Region {
  readonly inside: ReadonlySet<Value>;
  readonly members: ReadonlySet<Node>;
  readonly links: Connections;
}

const isClosed = (last: Value, { inside, members, links }: Region): boolean =>
  [...inside].every(
    (value) => value === last || (links.uses.get(value) ?? []).every(({ node }) => node && members.has(node)),
  );

function fusedNode(
  node: Node,
  inside: ReadonlySet<Value>,
  { sum, axis }: { readonly sum: Value; readonly axis: number },
): FusedNode | null {
  const [output] = node.outputs;
  if (!output || refusePointwise(node) !== null || !sameShape(output, sum)) return null;
  const operands: FusedOperand[] = [];
  for (const input of node.inputs) {
    const operand = input && operandOf(input, inside, { rank: staticShape(sum).length, axis });
    if (input && !operand) return null;
    operands.push(operand);
  }
  return { node, operands, output };
}

function operandOf(
  input: Value,
  inside: ReadonlySet<Value>,
  { rank, axis }: { readonly rank: number; readonly axis: number },
): FusedOperand {
  if (inside.has(input)) return { kind: 'value', value: input };
  if (input.tensor?.dtype !== 'float32') return null;
  const { shape } = input.tensor;
  const data = input.tensor.data as Float32Array;
  if (data.length === 1) return { kind: 'scalar', number: data[0] ?? 0 };
  const isPerChannel = elementCount(shape) === shape[shape.length - rank + (axis < 0 ? axis + rank : axis)];
  return isPerChannel ? { kind: 'channel', data } : null;
}
