import { describe, expect, test } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { resolvePreprocessing } from '../../src/measure/resolve-preprocessing.ts';

const model = (channels: number) => {
  const g = builderOf(emptyGraph('tiny'));
  g.output(g.Relu(g.input('x', 'float32', ['N', channels, 'H', 'W'])), 'y');
  return { graph: g.graph, name: 'tiny', zooPreprocessing: null };
};

describe('options of preprocessing', () => {
  test.each([1, 3, 4])('one number counts for all of %d channels, and a size may be no square', (n) => {
    const size = { height: 8, width: 12 };
    const found = resolvePreprocessing(model(n), { mean: [0.5], std: [0.25], size });
    expect(found).toEqual({ ...size, mean: Array(n).fill(0.5), std: Array(n).fill(0.25) });
  });

  test('another number than one, or one a channel, is refused', () => {
    const options = { mean: [0.5, 0.5], std: [1], size: 8 };
    expect(() => resolvePreprocessing(model(3), options)).toThrow('expected 3 numbers');
  });
});
