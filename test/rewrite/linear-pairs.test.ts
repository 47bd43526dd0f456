import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { layerCosts } from '../../src/measure/macs.ts';
import { mergeLinearPairs } from '../../src/rewrite/index.ts';
import {
  type Build,
  expectLeft,
  expectRewritten,
  expectSame,
  graphOf,
  image,
  operatorsOf,
  weight,
} from './equivalence.ts';

const padded = { pads: [1, 1, 1, 1] };
const row = (b: Builder): Value => b.input('x', 'float32', ['N', 5]);

describe('pairs become one layer', () => {
  const cases: { name: string; build: Build; left: string[] }[] = [
    {
      name: '1×1 and 1×1, strides multiplied',
      build: (b) =>
        b.Conv(
          b.Conv(image(b), weight(b, 6, 4, 1, 1), weight(b, 6), { strides: [2, 1] }),
          weight(b, 3, 6, 1, 1),
          weight(b, 3),
          { strides: [1, 2] },
        ),
      left: ['Conv'],
    },
    {
      name: '3×3 with padding, dilation and stride, and 1×1 with stride',
      build: (b) =>
        b.Conv(
          b.Conv(image(b), weight(b, 6, 4, 3, 3), weight(b, 6), {
            pads: [2, 2, 1, 2],
            dilations: [2, 2],
            strides: [2, 1],
          }),
          weight(b, 5, 6, 1, 1),
          null,
          { strides: [2, 2] },
        ),
      left: ['Conv'],
    },
    {
      name: '1×1 with bias and 3×3 without padding',
      build: (b) =>
        b.Conv(b.Conv(image(b), weight(b, 8, 4, 1, 1), weight(b, 8)), weight(b, 6, 8, 3, 3), weight(b, 6)),
      left: ['Conv'],
    },
    {
      name: '1×1 without bias and 3×3 with padding',
      build: (b) =>
        b.Conv(b.Conv(image(b), weight(b, 8, 4, 1, 1)), weight(b, 6, 8, 3, 3), weight(b, 6), padded),
      left: ['Conv'],
    },
    {
      name: '1×1 of stride 2 before a padded 3×3: a dilated kernel',
      build: (b) =>
        b.Conv(
          b.Conv(image(b), weight(b, 8, 4, 1, 1), null, { strides: [2, 2] }),
          weight(b, 6, 8, 3, 3),
          null,
          {
            pads: [1, 0, 2, 1],
            strides: [1, 2],
          },
        ),
      left: ['Conv'],
    },
    {
      name: 'grouped convolutions of the same groups',
      build: (b) =>
        b.Conv(
          b.Conv(image(b), weight(b, 8, 2, 3, 3), weight(b, 8), { group: 2, ...padded }),
          weight(b, 6, 4, 1, 1),
          weight(b, 6),
          { group: 2 },
        ),
      left: ['Conv'],
    },
    {
      name: 'three in a row',
      build: (b) => {
        const y = b.Conv(
          b.Conv(image(b), weight(b, 6, 4, 1, 1), weight(b, 6)),
          weight(b, 6, 6, 1, 1),
          weight(b, 6),
        );
        return b.Conv(y, weight(b, 4, 6, 1, 1), weight(b, 4));
      },
      left: ['Conv'],
    },
    {
      name: 'auto_pad of a 3×3 before a 1×1 with stride',
      build: (b) =>
        b.Conv(
          b.Conv(image(b), weight(b, 6, 4, 3, 3), null, { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
          weight(b, 5, 6, 1, 1),
          weight(b, 5),
          { strides: [2, 2] },
        ),
      left: ['Conv'],
    },
    {
      name: 'Gemm and Gemm with factors, one transposed',
      build: (b) => {
        const y = b.Gemm(row(b), weight(b, 7, 5), weight(b, 7), { alpha: 0.5, beta: 2, transB: 1 });
        return b.Gemm(y, weight(b, 7, 3), weight(b, 3), { alpha: 3, beta: 0.25 });
      },
      left: ['Gemm'],
    },
    {
      name: 'MatMul and MatMul, of more than matrices',
      build: (b) =>
        b.MatMul(b.MatMul(b.input('x', 'float32', ['N', 3, 5]), weight(b, 5, 6)), weight(b, 6, 4)),
      left: ['MatMul'],
    },
    {
      name: 'MatMul with bias and MatMul with bias',
      build: (b) => {
        const y = b.Add(b.MatMul(b.input('x', 'float32', ['N', 3, 5]), weight(b, 5, 6)), weight(b, 6));
        return b.Add(weight(b, 4), b.MatMul(y, weight(b, 6, 4)));
      },
      left: ['MatMul', 'Add'],
    },
    {
      name: 'MatMul with bias and MatMul without, read twice',
      build: (b) => {
        const y = b.MatMul(b.Add(weight(b, 6), b.MatMul(row(b), weight(b, 5, 6))), weight(b, 6, 4));
        return b.Mul(y, b.Relu(y));
      },
      left: ['MatMul', 'Add', 'Relu', 'Mul'],
    },
    {
      name: 'MatMul with bias and Gemm',
      build: (b) =>
        b.Gemm(b.Add(b.MatMul(row(b), weight(b, 5, 6)), weight(b, 6)), weight(b, 6, 4), weight(b, 4)),
      left: ['Gemm'],
    },
  ];
  test.each(cases)('$name', async ({ build, left }) => {
    await expectRewritten(build, mergeLinearPairs, left);
  });

  test('sizes of the image may stay open', async () => {
    const open: Build = (b) => {
      const x = b.input('x', 'float32', ['N', 4, 'H', 'W']);
      const y = b.Conv(x, weight(b, 6, 4, 3, 3), weight(b, 6), { auto_pad: 'SAME_LOWER' });
      return b.Conv(y, weight(b, 5, 6, 1, 1), null, { strides: [3, 3] });
    };
    await expectRewritten(open, mergeLinearPairs, ['Conv']);
  });
});

describe('what is left alone is named', () => {
  const cases: { name: string; build: Build; reasons: string[] }[] = [
    {
      name: 'a weight that another Conv reads stays what it was',
      build: (b) => {
        const [x, shared] = [image(b), weight(b, 4, 4, 1, 1)];
        return b.Sub(b.Conv(b.Conv(x, weight(b, 4, 4, 1, 1)), shared), b.Conv(x, shared));
      },
      reasons: ['the weight of Conv_1 is shared with Conv_2'],
    },
    {
      name: 'a 1×1 with bias before padding',
      build: (b) =>
        b.Conv(
          b.named('a').Conv(image(b), weight(b, 8, 4, 1, 1), weight(b, 8)),
          weight(b, 6, 8, 3, 3),
          null,
          padded,
        ),
      reasons: ['it pads the output of a, which has a bias'],
    },
    {
      name: 'a bottleneck',
      build: (b) => b.Conv(b.Conv(image(b, 8), weight(b, 2, 8, 1, 1)), weight(b, 16, 2, 1, 1)),
      reasons: ['merged, it would have 128 MACs per output position instead of 48'],
    },
    {
      name: 'a depthwise convolution and the 1×1 that mixes its channels',
      build: (b) =>
        b.Conv(
          b.Conv(image(b, 8), weight(b, 8, 1, 3, 3), null, { group: 8, ...padded }),
          weight(b, 8, 8, 1, 1),
        ),
      reasons: ['merged, it would have 576 MACs per output position instead of 136'],
    },
    {
      name: 'a 1×1 that pads',
      build: (b) =>
        b.Conv(b.named('a').Conv(image(b), weight(b, 8, 4, 3, 3)), weight(b, 6, 8, 1, 1), null, padded),
      reasons: ['it pads the output of a'],
    },
    {
      name: 'two large kernels',
      build: (b) => b.Conv(b.named('a').Conv(image(b), weight(b, 8, 4, 3, 3)), weight(b, 6, 8, 3, 3)),
      reasons: ['its kernel and that of a are both larger than 1×1'],
    },
    {
      name: 'different groups',
      build: (b) =>
        b.Conv(
          b.named('a').Conv(image(b), weight(b, 8, 2, 3, 3), null, { group: 2 }),
          weight(b, 8, 2, 1, 1),
          null,
          {
            group: 4,
          },
        ),
      reasons: ['its groups are not those of a'],
    },
    {
      name: 'a weight that is computed',
      build: (b) => {
        const computed = b.Exp(weight(b, 8, 4, 1, 1));
        return b.Conv(b.named('a').Conv(image(b), computed), weight(b, 4, 8, 1, 1));
      },
      reasons: ['the weight of a is not a float32 constant'],
    },
    {
      name: 'a Gemm that transposes',
      build: (b) => {
        const y = b.Gemm(row(b), weight(b, 5, 6));
        return b.MatMul(b.named('a').Gemm(y, weight(b, 2, 4), null, { transA: 1 }), weight(b, 4, 3));
      },
      reasons: ['a transposes its input', 'a transposes its input'],
    },
    {
      name: 'a narrow pair of products',
      build: (b) => b.MatMul(b.MatMul(row(b), weight(b, 5, 1)), weight(b, 1, 5)),
      reasons: ['merged, it would have 25 MACs per output position instead of 10'],
    },
  ];
  test.each(cases)('$name', ({ build, reasons }) => {
    expectLeft(build, mergeLinearPairs, reasons);
  });

  test('what is no pair is not mentioned', () => {
    expectLeft(
      (b) => b.Conv(b.Relu(b.Conv(image(b), weight(b, 4, 4, 1, 1))), weight(b, 4, 4, 1, 1)),
      mergeLinearPairs,
      [],
    );
    const twice: Build = (b) => {
      const y = b.Conv(image(b), weight(b, 4, 4, 1, 1));
      return b.Add(b.Conv(y, weight(b, 4, 4, 1, 1)), y);
    };
    expectLeft(twice, mergeLinearPairs, []);
  });

  test('a bottleneck is merged where growth is allowed', async () => {
    const build: Build = (b) => b.Conv(b.Conv(image(b, 8), weight(b, 2, 8, 1, 1)), weight(b, 16, 2, 1, 1));
    await expectRewritten(build, (graph) => mergeLinearPairs(graph, { growth: 3 }), ['Conv']);
  });
});

test('any pair is equal or refused, and takes no more MACs', async () => {
  const kernel = fc.constantFrom(1, 1, 3);
  const step = fc.constantFrom(1, 1, 2, 3);
  const layer = fc.record({ kernel, stride: step, pad: fc.nat(2), bias: fc.boolean(), dilation: step });
  const pair = fc.record({
    first: layer,
    second: layer,
    groups: fc.constantFrom([1, 1], [2, 2], [1, 2], [2, 1], [4, 4]),
    widths: fc.tuple(fc.constantFrom(4, 8), fc.constantFrom(4, 8)),
    size: fc.integer({ min: 23, max: 27 }),
  });
  const property = fc.asyncProperty(pair, async ({ first, second, groups, widths, size }) => {
    const before = graphOf((b) => {
      let x = b.input('x', 'float32', ['N', 4, size, size + 1]);
      [first, second].forEach(({ kernel: k, stride, pad, bias, dilation }, i) => {
        const [filters, group] = [widths[i]!, groups[i]!];
        x = b.Conv(
          x,
          weight(b, filters, Number(x.shape![1]) / group, k, k),
          bias ? weight(b, filters) : null,
          { group, strides: [stride, stride], pads: [pad, 0, pad, pad], dilations: [dilation, 1] },
        );
      });
      return x;
    });
    const { graph, changed, refusals } = mergeLinearPairs(before);
    expect(changed + refusals.length).toBe(1);
    if (changed === 0) return;
    expect(operatorsOf(graph)).toEqual(['Conv']);
    const [old, made] = [before, graph].map((each) =>
      layerCosts(each).reduce((sum, { macs }) => sum + macs, 0),
    );
    expect(made!).toBeLessThanOrEqual(old!);
    await expectSame(before, graph);
  });
  await fc.assert(property, { numRuns: 40, seed: 1 });
});
