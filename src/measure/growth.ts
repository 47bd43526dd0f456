import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { payloadBytes } from '../graph/payload.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { learnedParameters, sizeOf } from './parameters.ts';

/** What a rewrite made of a network that was only to get smaller. */
export interface Shrunk {
  /** Forms of the network before: the file that was given, and what its constants were folded to. */
  readonly before: readonly Graph[];
  readonly after: Graph;
  /** The rewrite, in the error: `pruning`. */
  readonly rewrite: string;
  /** Parameters and bytes may be this many times those before; default 1. */
  readonly growth?: number;
}

/** For shapes and indices, which stand in attributes in one form of a graph and in tensors in another. */
const BYTES_PER_NODE = 64;

/**
 * Throws `verification` where a network has more learned parameters, or more bytes of tensors, than each of its forms
 * before, as where a shared weight came to be stored once for each layer that reads it.
 */
export function expectNoGrowth({ before, after, rewrite, growth = 1 }: Shrunk): void {
  const spare = BYTES_PER_NODE * after.nodes.length;
  for (const { unit, count, allowed } of [
    { unit: 'parameters', count: parameterCount, allowed: 0 },
    { unit: 'bytes of tensors', count: payloadBytes, allowed: spare },
  ]) {
    const [was, is] = [Math.max(...before.map(count)), count(after)];
    if (is <= growth * was + allowed) continue;
    const message = `${rewrite} left ${is} ${unit}: expected at most the ${was} of the network given`;
    throw new EspalierError('verification', message);
  }
}

function parameterCount(graph: Graph): number {
  const known = cloneGraph(graph);
  // What Constant nodes hold is known of their outputs from then on.
  inferShapes(known);
  return [...learnedParameters(known).values()].flat().reduce((sum, value) => sum + sizeOf(value), 0);
}
