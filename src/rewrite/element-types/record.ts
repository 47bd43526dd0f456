import type { Graph, Node, Value } from '../../graph/graph.ts';
import { isFloating } from '../../graph/operand-types.ts';
import { subgraphs } from '../../graph/topology.ts';
import type { OtherFloat } from '../../numeric/float-conversion.ts';
import type { DataType, Tensor } from '../../numeric/tensor.ts';

/** The floating-point types of a node's inputs and outputs; null if it has other types, or none. */
export interface NodeTypes {
  readonly op: string;
  readonly inputs: readonly (DataType | null)[];
  readonly outputs: readonly (DataType | null)[];
}

/** The floating-point types of a graph by name, since passes copy graphs but keep names. */
export interface TypeRecord {
  /** The type of values and nodes without entry. */
  readonly main: DataType;
  readonly values: ReadonlyMap<string, DataType>;
  readonly nodes: ReadonlyMap<string, NodeTypes>;
  /** Constants that are cast before they are read: their stored type, by the name of the value that is read. */
  readonly stored: ReadonlyMap<string, OtherFloat>;
  /** The original of each converted tensor. */
  readonly originals: ReadonlyMap<Tensor, Tensor>;
}

/** The key of a node in the record. */
export const nodeKey = (node: Node): string =>
  node.name || `output ${node.outputs.find((value) => value !== null)?.name}`;

/** The floating-point types of a graph, including subgraphs. */
export function typesOf(graph: Graph): Pick<TypeRecord, 'values' | 'nodes'> {
  const values = new Map<string, DataType>();
  const nodes = new Map<string, NodeTypes>();
  const note = (value: Value | null) => {
    if (value && isFloating(value.dtype)) values.set(value.name, value.dtype!);
    return value && isFloating(value.dtype) ? value.dtype : null;
  };
  const walk = (part: Graph) => {
    for (const value of [...part.inputs, ...part.initializers, ...part.outputs]) note(value);
    for (const node of part.nodes) {
      nodes.set(nodeKey(node), {
        op: node.op,
        inputs: node.inputs.map(note),
        outputs: node.outputs.map(note),
      });
      for (const body of subgraphs(node)) walk(body);
    }
  };
  walk(graph);
  return { values, nodes };
}
