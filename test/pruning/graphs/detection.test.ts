import { expect, it } from 'vitest';
import { type Builder, builderOf } from '../../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../../src/graph/graph.ts';
import { convRelu, initializer } from '../../support/layers.ts';
import { expectPruned } from '../../support/pruned-halves.ts';

/**
 * A backbone of three strides, a pyramid (lateral 1×1 convolutions, Resize, Add), and heads that all levels share, whose
 * scores and boxes are joined over all places: [N, anchors, 4] and [N, anchors, 3].
 */
function detector(): Graph {
  const graph = emptyGraph('detector');
  const g = builderOf(graph);
  const image = g.input('image', 'float32', ['N', 3, 32, 32]);
  const stem = convRelu(g, image, { name: 'stem', filters: 12, stride: 2 });
  const strides: Value[] = [];
  for (const [i, name] of ['stride4', 'stride8', 'stride16'].entries())
    strides.push(convRelu(g, strides.at(-1) ?? stem, { name, filters: 16 + 8 * i, stride: 2 }));
  const levels = pyramid(g, strides);
  const shared = headParameters(g);
  const heads = levels.map((level) => head(g, level, shared));
  g.output(g.Concat(...heads.map(({ boxes }) => boxes), { axis: 1 }), 'boxes');
  g.output(g.Sigmoid(g.Concat(...heads.map(({ scores }) => scores), { axis: 1 })), 'scores');
  g.output(levels[0]!, 'features');
  return graph;
}

function pyramid(g: Builder, strides: readonly Value[]): Value[] {
  let above: Value | null = null;
  const levels: Value[] = [];
  for (const [i, x] of [...strides.entries()].reverse()) {
    const lateral = convRelu(g, x, { name: `lateral${i}`, filters: 16, kernel: 1 });
    const larger: Value | null =
      above && g.node('Resize', [above, null, g.floats([1, 1, 2, 2])], { mode: 'nearest' }, 1)[0]!;
    above = larger ? g.Add(lateral, larger) : lateral;
    const smooth = convRelu(g, above, { name: `smooth${i}`, filters: i === 0 ? 8 : 20 });
    levels.unshift(i === 0 ? smooth : convRelu(g, smooth, { name: `level${i}`, filters: 8 }));
  }
  return levels;
}

const headParameters = (g: Builder) => ({
  tower: initializer(g, [14, 8, 3, 3], 3),
  boxes: initializer(g, [8, 14, 1, 1], 4),
  scores: initializer(g, [6, 14, 1, 1], 5),
});

/** Two anchors a place: [N, 2·4, H, W] → [N, 2·H·W, 4]. */
function head(g: Builder, level: Value, shared: ReturnType<typeof headParameters>) {
  const tower = g.Relu(g.named('tower').Conv(level, shared.tower, null, { pads: [1, 1, 1, 1] }));
  const rows = (w: Value, width: number) => {
    const y = g.Transpose(g.Conv(tower, w), { perm: [0, 2, 3, 1] });
    return g.Reshape(y, g.int64s([0, -1, width]));
  };
  return { boxes: rows(shared.boxes, 4), scores: rows(shared.scores, 3) };
}

it('a detector with a pyramid, shared heads and several outputs', async () => {
  const graph = await expectPruned(detector(), [
    ...['stem', 'stride4', 'stride8', 'stride16', 'lateral0', 'lateral1', 'lateral2', 'smooth1', 'smooth2'],
    ...['tower', 'tower_1', 'tower_2'],
  ]);
  expect(graph.outputs.map(({ name, shape }) => [name, shape?.slice(1)])).toEqual([
    ['boxes', [2 * (64 + 16 + 4), 4]],
    ['scores', [2 * (64 + 16 + 4), 3]],
    ['features', [8, 8, 8]],
  ]);
});
