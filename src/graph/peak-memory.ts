import { type Allocation, expectWithin, memoryBudget } from '../numeric/budget.ts';
import { bytesFor } from '../numeric/tensor.ts';
import { cloneGraph } from './clone.ts';
import { formatShape, type Graph, type Node, nodeLabel, type Value } from './graph.ts';
import { payloadBytes } from './payload.ts';
import { inferShapes } from './shapes/index.ts';
import { capturedValues, subgraphs } from './topology.ts';

/** Shapes of inputs, by name. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

/**
 * Estimates the peak memory of one run, without weights: the largest total size of the results that exist at the same time,
 * by inferred shapes, including those in the bodies of Loop, Scan and If. Also names the node with the largest result up to
 * that point. Unknown dimensions count as 1.
 */
export function peakMemory(graph: Graph, inputs: InputShapes = {}): Allocation {
  const copy = cloneGraph(graph);
  for (const input of copy.inputs) {
    const shape = inputs[input.name];
    if (shape) input.shape = shape;
  }
  if (Object.keys(inputs).length > 0) forget(copy);
  try {
    inferShapes(copy);
  } catch {
    // The engine reports inputs that do not fit together; whatever could be inferred is used.
  }
  return peakOf(copy);
}

/** Throws `unsupported` if a run would need more memory than the budget, which depends on the size of the weights. */
export function expectMemory(graph: Graph, inputs: InputShapes = {}): void {
  expectWithin(peakMemory(graph, inputs), memoryBudget(payloadBytes(graph)));
}

/** Whether a run stays within the memory budget. */
export const fitsMemory = (graph: Graph, inputs: InputShapes = {}): boolean =>
  peakMemory(graph, inputs).bytes <= memoryBudget(payloadBytes(graph));

/** Removes sizes from the file, which may be for another batch or image size. */
function forget(graph: Graph): void {
  for (const { outputs } of graph.nodes) {
    for (const value of outputs) if (value?.shape) value.shape = value.shape.map(() => null);
  }
}

function peakOf(graph: Graph): Allocation {
  const last = lastUses(graph);
  const fed = graph.inputs.filter((value) => !value.tensor);
  let alive = fed.reduce((sum, value) => sum + bytesOf(value), 0);
  let peak: Allocation = { bytes: alive, where: fed[0]?.name ?? graph.name, what: 'the input values' };
  let largest = graph.nodes[0]!;
  for (const node of graph.nodes) {
    const made = node.outputs.flatMap((value) => (value ? [value] : []));
    alive += made.reduce((sum, value) => sum + bytesOf(value), 0);
    largest = [largest, node].reduce((a, b) => (outputBytes(b) > outputBytes(a) ? b : a), largest);
    if (alive > peak.bytes) peak = { bytes: alive, where: nodeLabel(largest), what: described(largest) };
    for (const body of subgraphs(node)) {
      const inside = peakOf(body);
      if (alive + inside.bytes > peak.bytes) peak = { ...inside, bytes: alive + inside.bytes };
    }
    for (const value of new Set([...node.inputs, ...made])) {
      const use = value && last.get(value);
      if (value && !value.tensor && (use === node || (use === undefined && made.includes(value))))
        alive -= bytesOf(value);
    }
  }
  return peak;
}

/** The last node that reads each value; `end` for graph outputs; no entry for values without readers. */
function lastUses(graph: Graph): Map<Value, Node | 'end'> {
  const last = new Map<Value, Node | 'end'>();
  for (const node of graph.nodes) {
    for (const value of [...node.inputs, ...capturedValues(node)]) if (value) last.set(value, node);
  }
  for (const value of graph.outputs) last.set(value, 'end');
  return last;
}

/** Total bytes of all results of a node. */
const outputBytes = ({ outputs }: Node): number =>
  outputs.reduce((sum, value) => sum + (value ? bytesOf(value) : 0), 0);

function described(node: Node): string {
  const [largest] = node.outputs
    .flatMap((value) => (value ? [value] : []))
    .sort((a, b) => bytesOf(b) - bytesOf(a));
  return `computing ${formatShape(largest?.shape ?? null)}`;
}

/** Bytes of a value; 4 per element if the type is unknown. */
function bytesOf({ dtype, shape }: Value): number {
  const sizes = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  return bytesFor(dtype === null || dtype === 'string' ? 'float32' : dtype, sizes);
}
