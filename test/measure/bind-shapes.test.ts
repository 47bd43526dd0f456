import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { imageSize } from '../../src/commands/flags.ts';
import { builderOf } from '../../src/graph/builder.ts';
import { type Dim, emptyGraph, type Shape } from '../../src/graph/graph.ts';
import { withFixedShapes } from '../../src/measure/bind-shapes.ts';
import { costs } from '../../src/measure/macs.ts';
import { prepareModels } from '../../src/measure/prepared-model.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { serializeModel } from '../../src/onnx/index.ts';

interface Case {
  readonly layout: 'NCHW' | 'NHWC' | 'CHW';
  readonly batch: Dim;
  readonly sizes: readonly [Dim, Dim];
  readonly channels: number;
  /** Of an input that comes first; null without one. */
  readonly extra: Shape | null;
}

const size = { height: 8, width: 12 };

const cases: Case[] = (['NCHW', 'NHWC', 'CHW'] as const).flatMap((layout) =>
  [1, 2, 'N', null].flatMap((batch) =>
    (
      [
        [8, 12],
        ['H', 'W'],
        [null, null],
      ] as const
    ).flatMap((sizes) =>
      [1, 3, 4].flatMap((channels) =>
        [null, [], [2], [2, 3], [2, 3, 4]].map((extra) => ({ layout, batch, sizes, channels, extra })),
      ),
    ),
  ),
);

function network({ layout, batch, sizes: [height, width], channels, extra }: Case) {
  const g = builderOf(emptyGraph('tiny'));
  if (extra) g.output(g.Relu(g.input('e', 'float32', extra)), 'e2');
  const shapes = {
    NCHW: [batch, channels, height, width],
    NHWC: [batch, height, width, channels],
    CHW: [channels, height, width],
  };
  let x = g.input('x', 'float32', shapes[layout]);
  if (layout === 'NHWC') x = g.Transpose(x, { perm: [0, 3, 1, 2] });
  if (layout === 'CHW') x = g.Unsqueeze(x, g.int64s([0]));
  g.output(g.Conv(x, g.constant(filled([5, channels, 1, 1], 1))), 'y');
  return g.graph;
}

describe('inputs of images', () => {
  test('MACs are those of one image, whatever the layout, the batch, open sizes, and inputs beside it', () => {
    const wrong = cases.filter((each) => costs(network(each), { size }).macs !== 8 * 12 * 5 * each.channels);
    expect(wrong).toEqual([]);
  });

  test('are fed as many images as the network fixes; inputs without a batch get their shape', () => {
    for (const each of cases) {
      const images = each.layout === 'CHW' ? 1 : typeof each.batch === 'number' ? each.batch : 1;
      const [{ inputs }] = prepareModels([serializeModel(network(each))], { size }) as [
        ReturnType<typeof prepareModels>[number],
      ];
      const fed = new Map(inputs.map(([name, tensor]) => [name, tensor.shape]));
      const elements = fed.get('x')!.reduce((product, extent) => product * extent, 1);
      expect([elements, fed.get('e')], JSON.stringify(each)).toEqual([
        images * 8 * 12 * each.channels,
        each.extra ?? undefined,
      ]);
    }
  });

  test('the length of a sequence follows the size that is given', () => {
    const g = builderOf(emptyGraph('sequence'));
    g.output(g.Relu(g.input('x', 'float32', ['N', 'S'])), 'y');
    expect(withFixedShapes(g.graph, { size: 512 }).outputs[0]!.shape).toEqual([1, 512]);
    expect(() => withFixedShapes(g.graph)).toThrow('expected `size` N');
  });

  test('--size takes a height and a width', () => {
    expect(v.parse(imageSize, '192x320')).toEqual({ height: 192, width: 320 });
    expect([v.parse(imageSize, '64'), v.parse(imageSize, '64x64')]).toEqual([64, 64]);
    for (const text of ['0', '8x', 'x8', '8x0', '8,8'])
      expect(v.safeParse(imageSize, text).success).toBe(false);
  });
});
