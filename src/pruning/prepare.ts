import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { foldConstants } from '../rewrite/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { unshareParameters } from './unshare.ts';

/** A copy of a network whose channels can be followed and cut: constants folded, shapes known, no parameter shared. */
export async function prepareForPruning(network: Graph, executor: Executor): Promise<Graph> {
  const graph = cloneGraph(await foldConstants(network, executor));
  unshareParameters(graph);
  inferShapes(graph);
  return graph;
}
