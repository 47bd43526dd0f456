import { expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { layersOf } from '../../src/models/layers.ts';
import { paddedShortcut } from '../../src/models/residual-block.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { outputOf } from '../support/run-graph.ts';

function shortcutGraph(channels: number, stride: number) {
  const graph = emptyGraph('shortcut');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', [1, 2, 4, 4]);
  g.output(paddedShortcut(layersOf(g, { seed: 0, gamma: 1 }), x, { name: 'block', channels, stride }));
  return graph;
}

it('samples every second place and puts zero channels around', async () => {
  const counting = floats(
    [1, 2, 4, 4],
    Float32Array.from({ length: 32 }, (_, i) => i + 1),
  );
  const y = await outputOf(shortcutGraph(4, 2), counting);
  expect(Array.from(y)).toEqual([0, 0, 0, 0, 1, 3, 9, 11, 17, 19, 25, 27, 0, 0, 0, 0]);
});

it('is the identity where nothing changes', () => {
  expect(shortcutGraph(2, 1).nodes).toEqual([]);
});
