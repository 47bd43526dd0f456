import { expect, test } from 'vitest';
import { builderOf } from '../../../src/graph/builder.ts';
import { type Dim, emptyGraph, type Graph } from '../../../src/graph/graph.ts';
import { imageInput } from '../../../src/graph/inputs/image-input.ts';

function networkOf(shape: readonly Dim[]): Graph {
  const g = builderOf(emptyGraph('network'));
  g.output(g.Relu(g.input('image', 'float32', shape)), 'y');
  return g.graph;
}

test.each([[['n', 3, 'n', 'w']], [['n', 3, 'h', 'n']], [['n', 3, 'n', 'n']]] as const)(
  'a free batch that is a height or width is refused: %j',
  (shape) => {
    expect(() => imageInput(networkOf(shape))).toThrow(/image: .*no other size.*image=2x3x224x224/);
  },
);

test.each([[['n', 3, 's', 's']], [[1, 3, 's', 's']], [[8, 3, 8, 8]]] as const)(
  'sizes of other axes may be equal: %j',
  (shape) => {
    expect(imageInput(networkOf(shape)).layout).toBe('NCHW');
  },
);
