import { describe, test } from 'vitest';
import { makeTensor } from '../../src/numeric/tensor.ts';
import { removeLeftOvers } from '../../src/rewrite/index.ts';
import { type Build, expectLeft, expectRewritten, image, weight } from './equivalence.ts';

const padded = { pads: [1, 1, 1, 1] };
const channels = { axis: 1 };

describe('left-overs go', () => {
  const cases: { name: string; build: Build; left: string[] }[] = [
    {
      name: 'Identity, Dropout of inference, Concat of one',
      build: (b) => {
        const [kept] = b.node('Dropout', [b.Identity(b.Relu(image(b)))], {}, 2);
        return b.Exp(b.Concat(kept!, channels));
      },
      left: ['Relu', 'Exp'],
    },
    {
      name: 'Gather of all channels, between operators and before the output',
      build: (b) => {
        const all = b.int64s([0, 1, 2, 3]);
        return b.Gather(b.Relu(b.Gather(b.Exp(image(b)), all, channels)), all, { axis: -3 });
      },
      left: ['Exp', 'Relu'],
    },
    {
      name: 'Concat of Concat, by axes that mean the same',
      build: (b) => {
        const x = image(b);
        const inner = b.Concat(b.Relu(x), b.Exp(x), { axis: -3 });
        return b.Concat(x, inner, b.Concat(b.Tanh(x), x, channels), channels);
      },
      left: ['Relu', 'Exp', 'Tanh', 'Concat'],
    },
    {
      name: 'Gather behind Gather, with negative indices and a scalar',
      build: (b) => {
        const first = b.Gather(b.Exp(image(b, 6)), b.int64s([5, -4, 0, 3]), channels);
        const one = b.constant(makeTensor('int64', [], BigInt64Array.of(-3n)));
        return b.Relu(b.Gather(first, one, channels));
      },
      left: ['Exp', 'Gather', 'Relu'],
    },
    {
      name: 'Transpose pairs that undo each other, and that do not',
      build: (b) => {
        const there = b.Transpose(b.Exp(image(b)), { perm: [0, 2, 3, 1] });
        const back = b.Relu(b.Transpose(there, { perm: [0, 3, 1, 2] }));
        return b.Tanh(b.Transpose(b.Transpose(back, { perm: [0, 2, 3, 1] }), { perm: [0, 2, 1, 3] }));
      },
      left: ['Exp', 'Relu', 'Transpose', 'Tanh'],
    },
    {
      name: 'Reshape behind Reshape, Flatten and Unsqueeze',
      build: (b) => {
        const flat = b.Flatten(b.Exp(image(b)));
        const wide = b.Reshape(b.Reshape(flat, b.int64s([0, 2, -1])), b.int64s([0, 0, 6, 14]));
        return b.Relu(b.Reshape(b.Unsqueeze(wide, b.int64s([1])), b.int64s([-1, 168])));
      },
      left: ['Exp', 'Reshape', 'Relu'],
    },
    {
      name: 'a Gather of channels behind a Conv takes its filters',
      build: (b) => {
        const y = b.Conv(image(b), weight(b, 6, 4, 3, 3), weight(b, 6), padded);
        return b.Gather(y, b.int64s([4, 0, 5]), channels);
      },
      left: ['Conv'],
    },
    {
      name: 'a Gather in front of a Conv permutes and repeats its channels',
      build: (b) =>
        b.Conv(
          b.Gather(image(b), b.int64s([3, 0, 3, 1, 2]), channels),
          weight(b, 6, 5, 3, 3),
          weight(b, 6),
          padded,
        ),
      left: ['Conv'],
    },
    {
      name: 'two Convs read one permutation',
      build: (b) => {
        const y = b.Gather(image(b), b.int64s([3, 0, 2, 1]), channels);
        return b.Add(
          b.Conv(y, weight(b, 5, 4, 1, 1)),
          b.Relu(b.Conv(y, weight(b, 5, 4, 3, 3), null, padded)),
        );
      },
      left: ['Conv', 'Conv', 'Relu', 'Add'],
    },
  ];
  test.each(cases)('$name', async ({ build, left }) => {
    await expectRewritten(build, removeLeftOvers, left);
  });
});

describe('what is needed stays', () => {
  const cases: { name: string; build: Build; reasons: string[] }[] = [
    {
      name: 'Concats on different axes',
      build: (b) => {
        const x = image(b);
        return b.Concat(b.Concat(x, b.Relu(x), channels), b.Concat(x, x, channels), { axis: 2 });
      },
      reasons: [],
    },
    {
      name: 'a Gather of some channels before a Conv',
      build: (b) => b.Conv(b.Gather(image(b, 9), b.int64s([3, 0, 2]), channels), weight(b, 4, 3, 1, 1)),
      reasons: ['merged, it would have 36 MACs per output position instead of 12'],
    },
    {
      name: 'a Gather behind groups',
      build: (b) =>
        b.Gather(b.Conv(image(b), weight(b, 4, 2, 1, 1), null, { group: 2 }), b.int64s([2, 1]), channels),
      reasons: ['it mixes the groups of the Conv before it'],
    },
    {
      name: 'a Gather before groups',
      build: (b) =>
        b.Conv(b.Gather(image(b), b.int64s([2, 1, 0, 3]), channels), weight(b, 4, 2, 1, 1), null, {
          group: 2,
        }),
      reasons: ['the Gather before it mixes groups'],
    },
    {
      name: 'a Reshape that copies a dimension the input has not',
      build: (b) => {
        const x = b.input('x', 'float32', ['N', 4, 'H', 6]);
        return b.Reshape(b.Reshape(x, b.int64s([0, -1, 4])), b.int64s([0, 0, 2, 2]));
      },
      reasons: [],
    },
    {
      name: 'indices that are fed',
      build: (b) => b.Relu(b.Gather(image(b), b.input('i', 'int64', [4]), channels)),
      reasons: [],
    },
  ];
  test.each(cases)('$name', ({ build, reasons }) => {
    expectLeft(build, removeLeftOvers, reasons);
  });
});
