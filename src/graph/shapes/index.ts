import type { Dim, Graph, Node, Shape, Value } from '../graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../operators/index.ts';
import { subgraphs } from '../topology.ts';
import type { Inferred, ShapeCall, ShapeRule } from './rule.ts';

/** One rule an operator; a missing one does not compile. */
export const shapeRules: Partial<{ readonly [Op in OperatorName]: ShapeRule<Op> }> = {};

/** Known elements of small integer values, as shape computations produce them. */
export type Contents = Map<Value, readonly Dim[]>;

/** Infers the types of one node's outputs and stores them; unknown operators leave their outputs as they are. */
export function inferNode(node: Node, opsets: Readonly<Record<string, number>>, contents: Contents): void {
  const op = knownOperator(node);
  const rule = op && (shapeRules[op] as ShapeRule<OperatorName> | undefined);
  if (!op || !rule) return;
  const call: ShapeCall<OperatorName> = {
    node,
    attributes: attributesOf(node, op) as ShapeCall<OperatorName>['attributes'],
    inputs: node.inputs,
    opset: opsets[node.domain] ?? 1,
    contents: (index) => knownContents(node.inputs[index], contents),
  };
  rule(call).forEach((inferred, index) => {
    const output = node.outputs[index];
    if (output) store(output, inferred, contents);
  });
}

/** Infers types through a whole graph in place, subgraphs included. Inferred types replace stale ones from the file. */
export function inferShapes(graph: Graph): void {
  const contents: Contents = new Map();
  inferInto(graph, contents);
}

function inferInto(graph: Graph, contents: Contents): void {
  for (const node of graph.nodes) {
    for (const body of subgraphs(node)) inferInto(body, contents);
    inferNode(node, graph.opsets, contents);
  }
}

function store(output: Value, inferred: Inferred, contents: Contents): void {
  if (inferred.dtype) output.dtype = inferred.dtype;
  if (inferred.shape) output.shape = refine(inferred.shape, output.shape);
  if (inferred.contents) contents.set(output, inferred.contents);
}

/** The inferred shape, with dimensions it leaves open taken from what was known. */
function refine(inferred: Shape, known: Shape | null): Shape {
  if (known?.length !== inferred.length) return inferred;
  return inferred.map((dim, i) => dim ?? known[i]!);
}

function knownContents(value: Value | null | undefined, contents: Contents): readonly Dim[] | null {
  if (!value) return null;
  const { tensor } = value;
  if (!tensor) return contents.get(value) ?? null;
  const integral = tensor.dtype === 'int64' || tensor.dtype === 'int32';
  return integral && tensor.shape.length <= 1
    ? Array.from(tensor.data as ArrayLike<number | bigint>, Number)
    : null;
}
