import { cloneGraph } from '../../graph/clone.ts';
import { type Graph, makeValue, type Node, type Value } from '../../graph/graph.ts';
import { isFloating, operandKind } from '../../graph/operand-types.ts';
import { isOperator } from '../../graph/operators/index.ts';
import { inferShapes } from '../../graph/shapes/index.ts';
import { subgraphs } from '../../graph/topology.ts';
import type { DataType } from '../../numeric/tensor.ts';
import { withStatedTypes } from './attributes.ts';
import { castNode, constantsOf, convert, type TypedConstants, uniqueNamesInBodies } from './constants.ts';
import { type NodeTypes, nodeKey, type TypeRecord } from './record.ts';
import { asOutput } from './with-signature.ts';

/** Converts a float32 graph back to the recorded types, with Casts between different types. */
export function restoreTypes(graph: Graph, record: TypeRecord): Graph {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  const unique = uniqueNamesInBodies(copy);
  const scope = { record, unique, constants: constantsOf(copy, { record, unique }), casts: null };
  for (const input of copy.inputs) {
    if (input.dtype !== 'float32') continue;
    input.dtype = record.values.get(input.name) ?? 'float32';
    if (input.tensor) input.tensor = convert(input, input.dtype, record);
  }
  restoreGraph(copy, scope);
  inferShapes(copy);
  return copy;
}

interface RestoreScope {
  readonly record: TypeRecord;
  readonly constants: TypedConstants;
  unique(wanted: string): string;
  /** The Casts of this graph, and of the graphs around it. */
  readonly casts: Casts | null;
}

interface Casts {
  readonly made: Map<Value, Map<DataType, Value>>;
  readonly outer: Casts | null;
}

function restoreGraph(graph: Graph, around: RestoreScope): void {
  const casts: Casts = { made: new Map(), outer: around.casts };
  const scope = { ...around, casts };
  const nodes: Node[] = [];
  const wanted = graph.outputs.map((value) => around.record.values.get(value.name) ?? null);
  for (const node of graph.nodes) {
    const types = nodeTypes(node, around.record);
    node.inputs = node.inputs.map((value, index) => {
      if (!value || !isFloating(value.dtype)) return value;
      return typed(value, operandType(node, index, types), { ...scope, nodes });
    });
    for (const body of subgraphs(node)) restoreBody(body, scope);
    retype(node, types);
    nodes.push(node);
  }
  graph.nodes = [...(scope.constants.leading.get(graph) ?? []), ...nodes];
  graph.outputs = graph.outputs.map(
    (value, i) =>
      (wanted[i] && scope.constants.typed(value, wanted[i])) ??
      asOutput(value, wanted[i]!, { graph, unique: scope.unique }),
  );
}

/** The results of a subgraph have the recorded types, like its inputs. */
function restoreBody(body: Graph, scope: RestoreScope): void {
  for (const input of body.inputs) {
    if (input.dtype === 'float32') input.dtype = scope.record.values.get(input.name) ?? 'float32';
  }
  restoreGraph(body, scope);
}

interface Restored {
  /** The type of the node's own operands. */
  readonly own: DataType;
  readonly recorded: NodeTypes | null;
}

/** The type recorded for the node, else for its output, else that of its first computed input. */
function nodeTypes(node: Node, { nodes, values, main }: TypeRecord): Restored {
  const known = nodes.get(nodeKey(node));
  const recorded = known?.op === node.op ? known : null;
  const own =
    known?.outputs.find((dtype) => dtype !== null) ??
    node.outputs.map((value) => value && values.get(value.name)).find((dtype) => dtype) ??
    recorded?.inputs.find((dtype, i) => dtype !== null && operandKind(node, i) !== 'free') ??
    node.inputs.find((value) => value && !value.tensor && isFloating(value.dtype))?.dtype ??
    main;
  return { own, recorded };
}

/** The required type of an operand; null if it may keep its own. Constants use the node's type unless recorded otherwise. */
function operandType(node: Node, index: number, { own, recorded }: Restored): DataType | null {
  const kind = operandKind(node, index);
  if (kind === 'float32') return 'float32';
  if (kind === 'node') return own;
  return recorded?.inputs[index] ?? (kind === 'free' && node.inputs[index]!.tensor ? own : null);
}

/** Sets the types of a node's outputs, also in attributes that specify them. */
function retype(node: Node, { own, recorded }: Restored): void {
  node.outputs.forEach((value, i) => {
    if (value?.dtype === 'float32') value.dtype = outputType(node, recorded?.outputs[i] ?? own);
  });
  const dtype = node.outputs[0]?.dtype;
  if (!dtype || !isFloating(dtype)) return;
  node.attributes = withStatedTypes(node, (stated) => (stated === 'float32' ? dtype : stated));
}

/** A Constant with value_float or value_floats is float32 by definition. */
function outputType(node: Node, wanted: DataType): DataType {
  const { value_float, value_floats } = node.attributes;
  return isOperator(node, 'Constant') && (value_float || value_floats) ? 'float32' : wanted;
}

/** A value in a type: constants are converted, other values are cast. */
function typed(
  value: Value,
  dtype: DataType | null,
  place: RestoreScope & { readonly nodes: Node[] },
): Value {
  const constant = place.constants.typed(value, dtype ?? 'float32');
  if (constant) return constant;
  if (dtype === null || value.dtype === dtype) return value;
  for (let casts = place.casts; casts; casts = casts.outer) {
    const known = casts.made.get(value)?.get(dtype);
    if (known) return known;
  }
  const result = makeValue(place.unique(`${value.name}.${dtype}`), dtype, value.shape);
  place.nodes.push(castNode(value, result));
  const made = place.casts!.made;
  made.set(value, (made.get(value) ?? new Map()).set(dtype, result));
  return result;
}
