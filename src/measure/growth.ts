import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { storedTensors } from '../graph/payload.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { byteSize } from '../numeric/tensor.ts';
import { elementsIn, learnedParameters } from './parameters.ts';

/** What a rewrite made of a network that was only to get smaller. */
export interface ShrinkingRewrite {
  /** Forms of the network before: the file that was given, and what its constants were folded to. */
  readonly before: readonly Graph[];
  readonly after: Graph;
  /** The rewrite, in the error: `pruning`. */
  readonly rewrite: string;
  /** Parameters and bytes may be this many times those before; default 1. */
  readonly growth?: number;
}

/** Smaller tensors do not count: biases, shapes and scales that one form of a graph has as an attribute, or in two shapes. */
const SMALL = 1024;

/**
 * Throws `verification` where a network has more learned parameters, or more bytes of tensors, than each of its forms
 * before, tensors up to 1 KB left out, as where a shared weight came to be stored once for each layer that reads it.
 */
export function expectNoGrowth({ before, after, rewrite, growth = 1 }: ShrinkingRewrite): void {
  for (const [unit, count] of [
    ['parameters', parameterCount],
    ['bytes of tensors', storedBytes],
  ] as const) {
    const [was, is] = [Math.max(...before.map(count)), count(after)];
    if (is <= growth * was) continue;
    const message = `${rewrite} produced ${is} ${unit}: expected at most the ${was} of the given network`;
    throw new EspalierError('verification', message);
  }
}

function parameterCount(graph: Graph): number {
  const known = cloneGraph(graph);
  // What Constant nodes hold is known of their outputs from then on.
  inferShapes(known);
  return [...learnedParameters(known).values()]
    .flat()
    .filter(({ tensor }) => byteSize(tensor!) > SMALL)
    .reduce((sum, value) => sum + elementsIn(value), 0);
}

const storedBytes = (graph: Graph): number =>
  storedTensors(graph)
    .map(byteSize)
    .filter((bytes) => bytes > SMALL)
    .reduce((sum, bytes) => sum + bytes, 0);
