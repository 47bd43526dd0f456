import { describe, expect, test } from 'vitest';
import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { foldPadding } from '../../src/rewrite/index.ts';
import { type Build, expectLeft, expectRewritten, image, weight } from './equivalence.ts';

/** Zeros before and after height and width. */
const around = (b: Builder, x: Value, [top, left, bottom, right]: readonly number[]): Value =>
  b.Pad(x, b.int64s([0, 0, top!, left!, 0, 0, bottom!, right!]));

describe('zeros go into what reads them', () => {
  const cases: { name: string; build: Build; left: string[] }[] = [
    {
      name: 'a Conv without padding',
      build: (b) =>
        b.Conv(around(b, image(b), [0, 1, 2, 3]), weight(b, 5, 4, 3, 3), weight(b, 5), { strides: [2, 2] }),
      left: ['Conv'],
    },
    {
      name: 'a Conv with padding and groups',
      build: (b) =>
        b.Conv(around(b, image(b), [1, 0, 0, 1]), weight(b, 6, 2, 3, 3), null, {
          group: 2,
          pads: [0, 1, 1, 0],
        }),
      left: ['Conv'],
    },
    {
      name: 'a Conv of auto_pad',
      build: (b) =>
        b.Conv(around(b, image(b), [1, 1, 0, 0]), weight(b, 5, 4, 3, 2), null, {
          auto_pad: 'SAME_UPPER',
          strides: [2, 2],
        }),
      left: ['Conv'],
    },
    {
      name: 'an AveragePool, which then counts them',
      build: (b) =>
        b.AveragePool(around(b, image(b), [1, 1, 0, 2]), { kernel_shape: [3, 3], strides: [2, 1] }),
      left: ['AveragePool'],
    },
    {
      name: 'an AveragePool that counts its own',
      build: (b) =>
        b.AveragePool(around(b, image(b), [1, 1, 0, 0]), {
          kernel_shape: [3, 3],
          pads: [0, 1, 1, 1],
          count_include_pad: 1,
        }),
      left: ['AveragePool'],
    },
    {
      name: 'two readers, by negative axes',
      build: (b) => {
        const x = b.Pad(image(b), b.int64s([1, 2, 0, 1]), b.floats(0), b.int64s([-1, -2]));
        return b.Sub(b.Conv(x, weight(b, 3, 4, 3, 3)), b.Conv(x, weight(b, 3, 4, 3, 3)));
      },
      left: ['Conv', 'Conv', 'Sub'],
    },
  ];
  test.each(cases)('$name', async ({ build, left }) => {
    await expectRewritten(build, foldPadding, left);
  });
});

describe('what is left alone is named', () => {
  const read = (x: Value, b: Builder) => b.Conv(x, weight(b, 3, 4, 3, 3));
  const pads = [0, 0, 1, 1, 0, 0, 1, 1];
  const cases: { name: string; build: Build; reasons: string[] }[] = [
    { name: 'no reader that takes it', build: (b) => b.Relu(around(b, image(b), [1, 1, 1, 1])), reasons: [] },
    {
      name: 'another reader',
      build: (b) => {
        const x = around(b, image(b), [1, 1, 1, 1]);
        return b.Concat(b.Relu(x), b.Conv(x, weight(b, 3, 4, 1, 1)), { axis: 1 });
      },
      reasons: ['Relu also reads it'],
    },
    {
      name: 'mirrored pixels',
      build: (b) => read(b.Pad(image(b), b.int64s(pads), null, { mode: 'reflect' }), b),
      reasons: ['it pads by reflect'],
    },
    {
      name: 'ones',
      build: (b) => read(b.Pad(image(b), b.int64s(pads), b.floats(1)), b),
      reasons: ['it pads with a value other than 0'],
    },
    {
      name: 'cropping',
      build: (b) => read(around(b, image(b), [-1, 1, 1, 1]), b),
      reasons: ['it crops'],
    },
    {
      name: 'channels',
      build: (b) => read(b.Pad(image(b, 2), b.int64s([0, 1, 1, 1, 0, 1, 1, 1])), b),
      reasons: ['it pads the batch or channel axis'],
    },
    {
      name: 'computed pads',
      build: (b) => read(b.Pad(image(b), b.input('pads', 'int64', [8])), b),
      reasons: ['its pads are not constant'],
    },
    {
      name: 'a pool that does not count its own padding',
      build: (b) =>
        b.AveragePool(around(b, image(b), [1, 1, 0, 0]), { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      reasons: ['AveragePool does not include its padding in the average'],
    },
    {
      name: 'a pool that rounds up',
      build: (b) =>
        b.AveragePool(around(b, image(b), [1, 1, 0, 0]), {
          kernel_shape: [3, 3],
          strides: [2, 2],
          ceil_mode: 1,
        }),
      reasons: ['AveragePool rounds its output size up'],
    },
    {
      name: 'a pool whose window would lie in the padding',
      build: (b) => b.AveragePool(around(b, image(b), [2, 0, 0, 0]), { kernel_shape: [2, 2] }),
      reasons: ['a window of AveragePool would cover only padding'],
    },
    {
      name: 'auto_pad of an open size',
      build: (b) =>
        b.Conv(
          b.Pad(b.input('x', 'float32', ['N', 4, 'H', 'W']), b.int64s(pads)),
          weight(b, 3, 4, 3, 3),
          null,
          { auto_pad: 'SAME_LOWER', strides: [2, 2] },
        ),
      reasons: ['the padding of Conv depends on the size of its input'],
    },
  ];
  test.each(cases)('$name', ({ build, reasons }) => {
    expectLeft(build, foldPadding, reasons);
  });

  test('a pool is as good as its equal with explicit zeros', async () => {
    const build: Build = (b) => b.AveragePool(around(b, image(b), [1, 1, 1, 1]), { kernel_shape: [2, 3] });
    const graph = await expectRewritten(build, foldPadding, ['AveragePool']);
    expect(graph.nodes[0]!.attributes.count_include_pad).toEqual({ kind: 'int', value: 1 });
  });
});
