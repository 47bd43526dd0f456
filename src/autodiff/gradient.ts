import { EspalierError } from '../errors.ts';
import type { Builder } from '../graph/builder.ts';
import { formatShape, type Graph, type Node, staticShape, type Value } from '../graph/graph.ts';
import { callOf } from '../graph/operators/call.ts';
import { knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { capturedValues } from '../graph/topology.ts';
import { number, reshape, zeros } from './append.ts';
import { sumTo } from './broadcast.ts';
import { refusal } from './call.ts';
import type { GradientRow } from './rule.ts';
import { gradientRules } from './rules/index.ts';

/**
 * Appends nodes that compute ∂loss/∂v for each v in `wrt` (reverse-mode differentiation), and returns these values; zeros if
 * the loss does not depend on v. The loss must be a scalar, and shapes on the way must be fixed. Throws `unsupported` at a
 * node on the way that has no gradient.
 *
 * @example
 * const g = builderOf(emptyGraph('squares'));
 * const x = g.input('x', 'float32', [3]);
 * const loss = g.ReduceSum(g.Mul(x, x), null, { keepdims: 0 });
 * const [dx] = gradients(g, loss, [x]); // 2x
 * g.output(dx, 'dx');
 */
export function gradients<const T extends readonly Value[]>(
  g: Builder,
  loss: Value,
  wrt: T,
): { -readonly [I in keyof T]: Value } {
  const { nodes, initializers } = g.graph;
  const before = { nodes: nodes.length, initializers: initializers.length };
  const active = dependents(g.graph, wrt);
  const parts: Parts = new Map([[loss, [unit(g, loss)]]]);
  for (const node of nodes.slice(0, before.nodes).reverse()) {
    if (!passesGradient(node, active)) continue;
    const dy = node.outputs.map((value) => (value && active.has(value) ? total(g, parts, value) : null));
    if (dy.every((gradient) => gradient === null)) continue;
    const dx = differentiate(g, node, dy);
    node.inputs.forEach((value, index) => {
      if (!value || !active.has(value)) return;
      const gradient = dx[index];
      if (gradient === undefined) throw refusal(node, `has no gradient with respect to input ${index}`);
      if (gradient) push(parts, value, sumTo(g, gradient, staticShape(value)));
    });
    refuseCaptured(node, active);
  }
  const results = wrt.map((value) => total(g, parts, value) ?? zeros(g, staticShape(value), value));
  dropUnused(g.graph, results, before);
  return results as { -readonly [I in keyof T]: Value };
}

/** The gradients of a value with respect to each of its uses. */
type Parts = Map<Value, [Value, ...Value[]]>;

/** ∂loss/∂loss. */
function unit(g: Builder, loss: Value): Value {
  const shape = staticShape(loss);
  if (shape.some((size) => size !== 1)) {
    const message = `expected a scalar to differentiate, found ${formatShape(shape)}`;
    throw new EspalierError('shape', message, { where: loss.name });
  }
  return shape.length === 0 ? number(g, 1, loss) : reshape(g, number(g, 1, loss), shape);
}

/** The floating-point values that depend differentiably on `sources`, and the sources. */
function dependents(graph: Graph, sources: readonly Value[]): Set<Value> {
  const active = new Set(sources);
  for (const node of graph.nodes) {
    if (!passesGradient(node, active)) continue;
    for (const value of node.outputs) if (value && mayCarryGradient(value)) active.add(value);
  }
  return active;
}

/** Whether a node reads an active value and is not constant almost everywhere. */
function passesGradient(node: Node, active: ReadonlySet<Value>): boolean {
  const op = knownOperator(node);
  if (op && gradientRules[op] === 'none') return false;
  return [...node.inputs, ...capturedValues(node)].some((value) => value !== null && active.has(value));
}

const mayCarryGradient = ({ dtype }: Value): boolean => dtype === null || dtype.includes('float');

function differentiate(g: Builder, node: Node, dy: readonly (Value | null)[]) {
  const op = knownOperator(node);
  if (!op) throw refusal(node, 'has no gradient rule: unknown operator');
  const rule = gradientRules[op] as GradientRow<OperatorName>;
  if (typeof rule === 'string') throw refusal(node, 'has no gradient rule');
  const inexact = node.outputs.find(
    (value, i) => dy[i] && value?.dtype !== 'float32' && value?.dtype !== 'float64',
  );
  if (inexact) throw refusal(node, `expected float32 or float64 to differentiate, found ${inexact.dtype}`);
  return rule(callOf(node, op), dy, g);
}

function refuseCaptured(node: Node, active: ReadonlySet<Value>): void {
  for (const value of capturedValues(node)) {
    if (active.has(value))
      throw refusal(node, `has no gradient with respect to ${value.name}, which its subgraph reads`);
  }
}

function push(parts: Parts, value: Value, gradient: Value): void {
  const list = parts.get(value);
  if (list) list.push(gradient);
  else parts.set(value, [gradient]);
}

/** The sum of the gradients over all uses of a value, which is appended once. */
function total(g: Builder, parts: Parts, value: Value): Value | null {
  const list = parts.get(value);
  if (!list) return null;
  const [first, second, ...others] = list;
  const sum = !second ? first : others.length === 0 ? g.Add(first, second) : g.Sum(...list);
  parts.set(value, [sum]);
  return sum;
}

/** Removes nodes that were appended for inputs that need no gradient. */
function dropUnused(
  graph: Graph,
  results: readonly Value[],
  before: { readonly nodes: number; readonly initializers: number },
): void {
  const live = new Set<Value>(results);
  const kept: Node[] = [];
  for (const node of graph.nodes.splice(before.nodes).reverse()) {
    if (!node.outputs.some((value) => value && live.has(value))) continue;
    kept.push(node);
    for (const value of node.inputs) if (value) live.add(value);
  }
  graph.nodes.push(...kept.reverse());
  const appended = graph.initializers.splice(before.initializers);
  graph.initializers.push(...appended.filter((value) => live.has(value)));
}
