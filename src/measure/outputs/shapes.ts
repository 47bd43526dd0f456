import { cloneGraph } from '../../graph/clone.ts';
import type { Graph, Shape, Value } from '../../graph/graph.ts';
import { inferShapes } from '../../graph/shapes/index.ts';

/** The shapes of a network's outputs, inferred if the file leaves them open. */
export function outputShapes(graph: Graph): ReadonlyMap<Value, Shape | null> {
  const known = graph.outputs.every(({ shape }) => shape?.every((dim) => dim !== null));
  const shaped = known ? graph : inferred(graph);
  return new Map(graph.outputs.map((value, i) => [value, shaped.outputs[i]!.shape]));
}

function inferred(graph: Graph): Graph {
  const copy = cloneGraph(graph);
  inferShapes(copy);
  return copy;
}
