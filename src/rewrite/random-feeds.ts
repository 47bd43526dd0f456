import { type Graph, staticShape } from '../graph/graph.ts';
import { feedContents } from '../graph/inputs/feed-contents.ts';
import { random } from '../numeric/random.ts';
import { randomTensor } from '../numeric/random-tensor.ts';
import type { Tensors } from '../runtime/executor.ts';

/** The distribution of random feeds. */
interface Draw {
  readonly seed: number;
  /** Standard deviation of the normal distribution. */
  readonly scale: number;
}

/** Feeds for inputs with fixed shapes: their own, else random contents by seed. */
export function randomFeeds(graph: Graph, { seed, scale }: Draw): Tensors {
  const stored = new Set(graph.initializers);
  const fed = graph.inputs.filter((value) => !stored.has(value));
  return Object.fromEntries(
    fed.map((value, index) => {
      const { name, dtype } = value;
      const shape = staticShape(value);
      return [
        name,
        feedContents(value, shape) ?? randomTensor({ name, dtype, shape }, random(seed, index), scale),
      ];
    }),
  );
}
