import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';

/** A value whose channels lie in blocks, where there are enough: a pool of one element leaves it so. */
export const blocked = (g: Builder, x: Value | undefined): Value =>
  g.node('MaxPool', [x!], { kernel_shape: x!.shape!.slice(2).map(() => 1) }, 1)[0]!;
