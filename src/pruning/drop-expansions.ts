import type { Graph, Node, Value } from '../graph/graph.ts';
import { connections } from '../graph/topology.ts';

/** Operators that stretch their operands themselves. */
const stretching: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max']);

/**
 * Lets operators that stretch their operands read what an Expand before them stretches, in place: a size that a target
 * shape names would have to be cut along with channels that its input does not have.
 */
export function dropExpansions(graph: Graph): void {
  const { uses } = connections(graph);
  for (const { op, domain, inputs, outputs } of graph.nodes) {
    const [x, y] = [inputs[0], outputs[0]];
    if (op !== 'Expand' || domain !== '' || !x || !y) continue;
    for (const { node, index } of uses.get(y) ?? [])
      if (node && stretchesAlone(node, index, y)) node.inputs[index] = x;
  }
}

/** Whether another operand has the whole shape by itself. */
function stretchesAlone({ op, domain, inputs }: Node, index: number, { shape }: Value): boolean {
  if (!stretching.has(op) || domain !== '' || index < 0 || !shape || shape.includes(null)) return false;
  return inputs.some((value, i) => i !== index && value?.shape?.join() === shape.join());
}
