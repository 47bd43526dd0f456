import { EspalierError } from '../errors.ts';
import { cloneGraph } from '../graph/clone.ts';
import type { Graph } from '../graph/graph.ts';
import { storedTensors } from '../graph/payload.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { byteSize } from '../numeric/tensor.ts';
import { elementsIn, learnedParameters } from './parameters.ts';

/** A network before and after a rewrite that should make it smaller. */
export interface ShrinkingRewrite {
  /** Forms of the network before the rewrite: the given file, and its form with folded constants. */
  readonly before: readonly Graph[];
  readonly after: Graph;
  /** The name of the rewrite for the error, such as `pruning`. */
  readonly rewrite: string;
  /** Largest allowed ratio of parameters and bytes, after to before; default 1. */
  readonly growth?: number;
}

/**
 * Bytes up to which tensors are ignored: biases, shapes and scales may be attributes in one form of a graph and tensors in
 * another.
 */
const SMALL = 1024;

/**
 * Throws `verification` if a network has more learned parameters, or more tensor bytes, than each of its forms before.
 * Tensors up to 1 KB are ignored. This detects, for example, a shared weight that was duplicated for each of its layers.
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
  // Afterwards the contents of Constant nodes are known at their outputs.
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
