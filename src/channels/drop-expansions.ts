import { uniqueNames } from '../graph/builder.ts';
import { type Graph, makeConstant, type Node, type Value } from '../graph/graph.ts';
import { attributesOf, isOneOf, knownOperator, type OperatorName } from '../graph/operators/index.ts';
import { connections } from '../graph/topology.ts';
import { floats, makeTensor, toNumbers } from '../numeric/tensor.ts';

/** Operators that broadcast their operands. */
const stretches = isOneOf('Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Sum', 'Mean');

/**
 * Removes, in place, Expand, Tile and ConstantOfShape before operators that broadcast: a size in their target shape would
 * have to be changed with channels that their input does not have.
 */
export function dropExpansions(graph: Graph): void {
  const { uses } = connections(graph);
  for (const node of graph.nodes) {
    const y = node.outputs[0];
    const op = knownOperator(node);
    const sourceOf = op && expansions[op];
    if (!y || !sourceOf) continue;
    const readers = (uses.get(y) ?? []).filter((use) => use.node && stretchesAlone(use.node, use.index, y));
    const x = readers.length > 0 ? sourceOf(node, graph) : null;
    if (x) for (const reader of readers) reader.node!.inputs[reader.index] = x;
  }
}

/** By operator: the value that it expands; null if it does more. */
const expansions: { readonly [Op in OperatorName]?: (node: Node, graph: Graph) => Value | null } = {
  Expand: ({ inputs: [x] }) => x ?? null,
  Tile({ inputs: [x, repeats] }) {
    const times = repeats?.tensor && toNumbers(repeats.tensor);
    return times?.every((count, axis) => count === 1 || x?.shape?.[axis] === 1) ? x! : null;
  },
  ConstantOfShape(node, graph) {
    const { value } = attributesOf(node, 'ConstantOfShape');
    const tensor = value ? makeTensor(value.dtype, [], value.data) : floats([], [0]);
    const element = makeConstant(uniqueNames(graph)(`${node.outputs[0]!.name}.element`), tensor);
    graph.initializers.push(element);
    return element;
  },
};

/** Whether another operand already has the whole shape. */
function stretchesAlone(node: Node, index: number, { shape }: Value): boolean {
  if (!stretches(node) || index < 0 || !shape || shape.includes(null)) return false;
  return node.inputs.some((value, i) => i !== index && value?.shape?.join() === shape.join());
}
