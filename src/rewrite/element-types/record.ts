import type { Graph, Node, Value } from '../../graph/graph.ts';
import { isFloating } from '../../graph/operand-types.ts';
import { subgraphs } from '../../graph/topology.ts';
import type { OtherFloat } from '../../numeric/float-conversion.ts';
import type { DataType, Tensor } from '../../numeric/tensor.ts';

/** The floating-point types of a node's operands and results; null where it has another type, or none. */
export interface NodeTypes {
  readonly op: string;
  readonly inputs: readonly (DataType | null)[];
  readonly outputs: readonly (DataType | null)[];
}

/** The floating-point types that a graph had, by name, since passes copy graphs and keep names. */
export interface TypeRecord {
  /** The type of what nothing is recorded of. */
  readonly main: DataType;
  readonly values: ReadonlyMap<string, DataType>;
  readonly nodes: ReadonlyMap<string, NodeTypes>;
  /** Constants that are cast before they are read: the type that they are stored in, by the name of what is read. */
  readonly stored: ReadonlyMap<string, OtherFloat>;
  /** What each converted tensor was made of. */
  readonly originals: ReadonlyMap<Tensor, Tensor>;
}

/** How a record names a node. */
export const nodeKey = (node: Node): string =>
  node.name || `output ${node.outputs.find((value) => value !== null)?.name}`;

/** The types of a graph, subgraphs included, whose values have theirs. */
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
