import { EspalierError } from '../../errors.ts';
import { type Graph, type Node, staticShape, type Value } from '../../graph/graph.ts';
import { expectMemory } from '../../graph/peak-memory.ts';
import type { Buffer } from '../memory-plan.ts';
import { type Fusion, findFusions } from './fusions.ts';
import { kernelOf, refusalOf } from './kernels/index.ts';
import { type LoweringOptions, openScope, type Scope } from './scope.ts';
import { nonNegativeValues } from './signs.ts';
import { simplify } from './simplify/index.ts';
import { type Border, type Geometry, geometryOf, noBorder } from './storage.ts';

/** A graph as steps, before memory is planned. */
export interface Lowered {
  readonly scope: Scope;
  readonly inputs: readonly { readonly value: Value; readonly buffer: Buffer }[];
  readonly outputs: readonly { readonly value: Value; readonly buffer: Buffer; readonly start: number }[];
}

/** Lowers a graph with fixed shapes and folded constants. Throws `unsupported`, naming every node without a kernel. */
export function lowerGraph(
  given: Graph,
  weights: Buffer & { bytes: number },
  options: LoweringOptions,
): Lowered {
  const graph = simplify(given);
  const refusals = [
    ...graph.nodes.flatMap((node) => refusalOf(node) ?? []),
    ...graph.outputs.flatMap((output) => outputRefusal(output) ?? []),
  ];
  if (refusals.length > 0)
    throw new EspalierError('unsupported', `cannot be compiled: ${refusals.join('; ')}`);
  expectMemory(graph);
  const nonNegative = nonNegativeValues(graph);
  const scope = openScope(
    weights,
    {
      geometryOf: geometries(graph),
      isNonNegative: (value) => nonNegative.has(value),
    },
    options,
  );
  const inputs = graph.inputs.map((value) => ({ value, buffer: scope.newDense(value).buffer }));
  const { byLast, absorbed } = findFusions(graph, (node) => kernelOf(node).fusible ?? null);
  for (const node of graph.nodes) {
    if (absorbed.has(node)) continue;
    const fused = byLast.get(node);
    const base = fused?.base ?? node;
    kernelOf(base).lower({ node: base, fusion: fused?.fusion ?? alone(node), scope });
  }
  const outputs = graph.outputs.map((value) => {
    const { buffer, start } = scope.dense(value);
    return { value, buffer, start };
  });
  return { scope, inputs, outputs };
}

const outputRefusal = ({ name, dtype, tensor }: Value): string | null =>
  tensor && dtype !== 'float32' ? `${name}: expected a float32 output, found ${dtype}` : null;

function alone(node: Node): Fusion {
  const [output] = node.outputs;
  if (!output) throw new Error(`${node.op} has no output`);
  return { start: output, residual: null, sum: output, epilogue: [], output };
}

/**
 * The geometry of each value: with the widest border that any reader needs. Values that share planes have the same geometry.
 */
function geometries(graph: Graph): (value: Value) => Geometry {
  const leader = new Map<Value, Value>();
  const find = (value: Value): Value => {
    let root = value;
    for (let next = leader.get(root); next; next = leader.get(root)) root = next;
    return root;
  };
  for (const node of graph.nodes) {
    const [first, ...others] = kernelOf(node).shares?.(node) ?? [];
    for (const other of others) {
      const [a, b] = [find(first as Value), find(other)];
      if (a !== b) leader.set(b, a);
    }
  }
  const borders = new Map<Value, Border>();
  for (const node of graph.nodes) {
    const [input] = node.inputs;
    const border = kernelOf(node).border?.(node);
    if (!input || !border) continue;
    const known = borders.get(find(input)) ?? noBorder;
    borders.set(find(input), {
      top: Math.max(known.top, border.top),
      left: Math.max(known.left, border.left),
      bottom: Math.max(known.bottom, border.bottom),
      right: Math.max(known.right, border.right),
    });
  }
  return (value) => {
    const [height = 1, width = 1] = staticShape(value).slice(-2);
    return geometryOf(height, width, borders.get(find(value)) ?? noBorder);
  };
}
