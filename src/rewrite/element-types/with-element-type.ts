import type { Graph, Node } from '../../graph/graph.ts';
import { knownOperator, type OperatorName } from '../../graph/operators/index.ts';
import { subgraphs } from '../../graph/topology.ts';
import type { DataType } from '../../numeric/tensor.ts';
import { type NodeTypes, nodeKey, typesOf } from './record.ts';
import { restoreTypes } from './restore.ts';
import { toFloat32 } from './to-float32.ts';

/** Operators that compute in float32 in any network, because ONNX, or opsets before 19, define them only for float32. */
const float32Only: ReadonlySet<OperatorName> = new Set([
  'Celu',
  'Range',
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
] as const);

/**
 * A copy of a network that is stored and computed in float32 or float16, including its inputs and outputs. In float16,
 * operators that ONNX defines only for float32, and operators without rules, stay in float32 between Casts. Throws
 * `unsupported` if a constant exceeds the range of float16.
 *
 * @example
 * writeModelFile(withElementType(network, 'float16'), 'half.onnx');
 */
export function withElementType(graph: Graph, dtype: 'float32' | 'float16'): Graph {
  const { graph: form } = toFloat32(graph);
  if (dtype === 'float32') return form;
  const { values, nodes } = typesOf(form);
  const kept = new Map<string, NodeTypes>();
  for (const node of allNodes(form))
    if (staysFloat32(node)) kept.set(nodeKey(node), nodes.get(nodeKey(node))!);
  const changed = [...values].map(([name, type]): [string, DataType] => [
    name,
    type === 'float32' ? dtype : type,
  ]);
  return restoreTypes(form, {
    main: dtype,
    values: new Map(changed),
    nodes: kept,
    stored: new Map(),
    originals: new Map(),
  });
}

function staysFloat32(node: Node): boolean {
  const op = knownOperator(node);
  return op === null || float32Only.has(op);
}

const allNodes = (graph: Graph): Node[] =>
  graph.nodes.flatMap((node) => [node, ...subgraphs(node).flatMap(allNodes)]);
