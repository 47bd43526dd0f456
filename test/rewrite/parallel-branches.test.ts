import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import { mergeParallelBranches } from '../../src/rewrite/index.ts';
import { type Build, expectLeft, expectRewritten, image, normalised, weight } from './equivalence.ts';

const padded = { pads: [1, 1, 1, 1] };
const conv3 = (b: Builder, x: Value, filters = 4) =>
  b.Conv(x, weight(b, filters, Number(x.shape![1]), 3, 3), weight(b, filters), padded);
const conv1 = (b: Builder, x: Value, filters = 4) =>
  b.Conv(x, weight(b, filters, Number(x.shape![1]), 1, 1), weight(b, filters));

describe('branches become one convolution', () => {
  const cases: { name: string; build: Build; left: string[] }[] = [
    {
      name: '3×3, 1×1 and the identity',
      build: (b) => {
        const x = image(b);
        return b.Add(b.Add(conv3(b, x), conv1(b, x)), x);
      },
      left: ['Conv'],
    },
    {
      name: 'the identity as a BatchNormalization, with groups, in a Sum',
      build: (b) => {
        const x = image(b, 6);
        const grouped = b.Conv(x, weight(b, 6, 2, 3, 3), null, { group: 3, ...padded });
        const pointwise = b.Conv(x, weight(b, 6, 2, 1, 1), weight(b, 6), { group: 3 });
        return b.Sum(normalised(b, x), grouped, pointwise);
      },
      left: ['Conv'],
    },
    {
      name: 'a depthwise convolution and the identity',
      build: (b) => {
        const x = image(b);
        return b.Add(x, b.Conv(x, weight(b, 4, 1, 3, 3), null, { group: 4, ...padded }));
      },
      left: ['Conv'],
    },
    {
      name: 'stride 2, without an identity',
      build: (b) => {
        const x = image(b);
        const wide = b.Conv(x, weight(b, 5, 4, 3, 3), null, { ...padded, strides: [2, 2] });
        return b.Add(b.Conv(x, weight(b, 5, 4, 1, 1), weight(b, 5), { strides: [2, 2] }), wide);
      },
      left: ['Conv'],
    },
    {
      name: '3×3, 1×3 and 3×1',
      build: (b) => {
        const x = image(b);
        const flat = b.Conv(x, weight(b, 4, 4, 1, 3), null, { pads: [0, 1, 0, 1] });
        const tall = b.Conv(x, weight(b, 4, 4, 3, 1), weight(b, 4), { pads: [1, 0, 1, 0] });
        return b.Sum(flat, conv3(b, x), tall);
      },
      left: ['Conv'],
    },
    {
      name: 'an average pool beside a 3×3, and one that strides',
      build: (b) => {
        const x = image(b);
        const pool = { kernel_shape: [3, 3], ...padded, count_include_pad: 1 };
        const same = b.Relu(b.Add(b.AveragePool(x, pool), conv3(b, x)));
        const halved = b.AveragePool(same, { kernel_shape: [2, 2], strides: [2, 2] });
        return b.Add(b.Conv(same, weight(b, 4, 4, 2, 2), null, { strides: [2, 2] }), halved);
      },
      left: ['Conv', 'Relu', 'Conv'],
    },
    {
      name: 'dilated kernels whose taps lie on one grid',
      build: (b) => {
        const x = image(b);
        const wide = b.Conv(x, weight(b, 4, 4, 3, 3), null, { pads: [2, 2, 2, 2], dilations: [2, 2] });
        return b.Add(b.Add(x, wide), conv1(b, x));
      },
      left: ['Conv'],
    },
    {
      name: 'what else is added stays, broadcast as before',
      build: (b) => {
        const x = image(b);
        const gate = b.GlobalAveragePool(x);
        return b.Relu(b.Add(b.Add(conv3(b, x), gate), b.Add(b.Exp(x), conv1(b, x))));
      },
      left: ['GlobalAveragePool', 'Exp', 'Conv', 'Sum', 'Relu'],
    },
    {
      name: 'branches of two values',
      build: (b) => {
        const x = image(b);
        const z = b.Tanh(x);
        return b.Sum(conv3(b, x), conv1(b, z), conv1(b, x), conv3(b, z));
      },
      left: ['Tanh', 'Conv', 'Conv', 'Add'],
    },
    {
      name: 'in one dimension',
      build: (b) => {
        const x = b.input('x', 'float32', ['N', 4, 9]);
        return b.Add(b.Conv(x, weight(b, 4, 4, 5), weight(b, 4), { pads: [2, 2] }), x);
      },
      left: ['Conv'],
    },
  ];
  test.each(cases)('$name', async ({ build, left }) => {
    await expectRewritten(build, mergeParallelBranches, left);
  });

  test('the largest convolution keeps its name and its weights’', async () => {
    const build: Build = (b) => {
      const x = image(b);
      const large = b.constant(weight(b, 4, 4, 3, 3).tensor!, 'dense.weight');
      const dense = b.named('dense').Conv(x, large, null, padded);
      return b.Add(b.named('point').Conv(x, weight(b, 4, 4, 1, 1)), dense);
    };
    const [conv] = (await expectRewritten(build, mergeParallelBranches, ['Conv'])).nodes;
    expect([conv!.name, conv!.inputs[1]!.name]).toEqual(['dense', 'dense.weight']);
  });

  test('sizes of the image may stay open', async () => {
    const build: Build = (b) => {
      const x = b.input('x', 'float32', ['N', 4, 'H', 'W']);
      return b.Sum(x, conv3(b, x), b.Conv(x, weight(b, 4, 4, 5, 5), null, { auto_pad: 'SAME_UPPER' }));
    };
    await expectRewritten(build, mergeParallelBranches, ['Conv']);
  });
});

describe('what is left alone is named', () => {
  const cases: { name: string; build: Build; reasons: string[] }[] = [
    {
      name: 'a shared weight stays what it was',
      build: (b) => {
        const [x, shared] = [image(b), weight(b, 4, 4, 3, 3)];
        const y = b.Add(b.Conv(x, shared, null, padded), x);
        return b.Sub(y, b.Conv(b.Relu(x), shared, null, padded));
      },
      reasons: ['the weight of Conv is shared with Conv_1'],
    },
    {
      name: 'a residual connection around more than one layer',
      build: (b) => {
        const x = image(b);
        return b.Add(conv3(b, b.Relu(conv3(b, x))), x);
      },
      reasons: [],
    },
    {
      name: 'a branch that is read elsewhere too',
      build: (b) => {
        const x = image(b);
        const y = b.named('a').Conv(x, weight(b, 4, 4, 1, 1));
        return b.Mul(b.Add(conv3(b, x), y), y);
      },
      reasons: ['the output of a is also read elsewhere'],
    },
    {
      name: 'kernels that would grow',
      build: (b) => {
        const x = image(b);
        const tall = b.Conv(x, weight(b, 4, 4, 3, 1), null, { pads: [1, 0, 1, 0] });
        return b.Add(b.Conv(x, weight(b, 4, 4, 1, 3), null, { pads: [0, 1, 0, 1] }), tall);
      },
      reasons: ['merged, it would have 144 MACs per output position instead of 96'],
    },
    {
      name: 'a pool that divides by fewer at the border',
      build: (b) => {
        const x = image(b);
        return b.Add(conv3(b, x), b.named('pool').AveragePool(x, { kernel_shape: [3, 3], ...padded }));
      },
      reasons: ['pool averages fewer elements at the border'],
    },
    {
      name: 'different dilations',
      build: (b) => {
        const x = image(b);
        return b.Add(
          conv3(b, x),
          b.Conv(x, weight(b, 4, 4, 3, 3), null, { pads: [2, 2, 2, 2], dilations: [2, 2] }),
        );
      },
      reasons: ['its branches have different dilations'],
    },
    {
      name: 'different groups',
      build: (b) => {
        const x = image(b);
        return b.Add(conv3(b, x), b.Conv(x, weight(b, 4, 2, 3, 3), null, { group: 2, ...padded }));
      },
      reasons: ['its branches differ in strides, groups or channels'],
    },
    {
      name: 'taps between those of the other',
      build: (b) => {
        const x = image(b);
        const dilated = b.Conv(x, weight(b, 4, 4, 3, 3), null, { pads: [2, 2, 2, 2], dilations: [2, 2] });
        // Reads x[o − 1] and x[o + 1], the other x[o − 2], x[o] and x[o + 2].
        const odd = b.Conv(x, weight(b, 4, 4, 2, 2), null, { pads: [1, 1, 1, 1], dilations: [2, 2] });
        return b.Add(dilated, odd);
      },
      reasons: ['its branches read interleaved positions'],
    },
    {
      name: 'padding that comes to another size',
      build: (b) => {
        const x = b.input('x', 'float32', ['N', 4, 7, 7]);
        const wide = b.Conv(x, weight(b, 4, 4, 3, 3), null, { pads: [1, 1, 0, 0], strides: [2, 2] });
        return b.Add(wide, b.Conv(x, weight(b, 4, 4, 3, 3), null, { strides: [2, 2] }));
      },
      reasons: ['the padding of its branches does not fit their kernels'],
    },
    {
      name: 'a weight that is computed',
      build: (b) => {
        const x = image(b);
        const computed = b.Exp(weight(b, 4, 4, 1, 1));
        return b.Add(conv3(b, x), b.named('a').Conv(x, computed));
      },
      reasons: ['the weight of a is not a float32 constant'],
    },
  ];
  test.each(cases)('$name', ({ build, reasons }) => {
    expectLeft(build, mergeParallelBranches, reasons);
  });
});

test('any branches of one stride and one grid become one convolution', async () => {
  const branch = fc.record({
    kernel: fc.tuple(fc.constantFrom(1, 2, 3, 5), fc.constantFrom(1, 3)),
    begin: fc.tuple(fc.nat(4), fc.nat(2)),
    bias: fc.boolean(),
  });
  const block = fc.record({
    branches: fc.array(branch, { minLength: 1, maxLength: 3 }),
    stride: fc.constantFrom(1, 2, 3),
    dilation: fc.constantFrom(1, 2),
    group: fc.constantFrom(1, 2, 4),
    identity: fc.constantFrom('x', 'bn', 'both', 'none'),
  });
  const property = fc.asyncProperty(block, async ({ branches, stride, dilation, group, identity }) => {
    const build: Build = (b) => {
      const x = b.input('x', 'float32', ['N', 4, 11, 10]);
      const terms = branches.map(({ kernel, begin, bias }) => {
        const extents = kernel.map((length) => (length - 1) * dilation);
        const before = extents.map((extent, axis) => Math.min(extent, begin[axis]! * dilation));
        const after = extents.map((extent, axis) => extent - before[axis]!);
        return b.Conv(x, weight(b, 4, 4 / group, ...kernel), bias ? weight(b, 4) : null, {
          group,
          strides: [stride, stride],
          dilations: [dilation, dilation],
          pads: [...before, ...after],
        });
      });
      if (stride === 1 && (identity === 'x' || identity === 'both')) terms.push(x);
      if (stride === 1 && (identity === 'bn' || identity === 'both')) terms.push(normalised(b, x));
      return terms.length > 1 ? b.Sum(...terms) : b.Sum(terms[0]!, pointwise(b, x, { group, stride }));
    };
    await expectRewritten(build, (graph) => mergeParallelBranches(graph, { growth: 100 }), ['Conv']);
  });
  await fc.assert(property, { numRuns: 40, seed: 1 });
});

const pointwise = (b: Builder, x: Value, { group, stride }: { group: number; stride: number }) =>
  b.Conv(x, weight(b, 4, 4 / group, 1, 1), null, { group, strides: [stride, stride] });
