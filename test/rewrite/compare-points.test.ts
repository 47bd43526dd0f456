import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const executor = onnxruntime;

type Ending = (b: Builder, scores: Value) => Value;

const constant = (b: Builder, ...values: number[]) => b.constant(floats([values.length], values));

/** What networks end in, that hides or exaggerates differences between the values before it. */
const endings: Readonly<Record<string, Ending>> = {
  Sigmoid: (b, x) => b.Sigmoid(x),
  Softmax: (b, x) => b.Softmax(x, { axis: 1 }),
  'Sigmoid inside a Concat, moved and scaled': (b, x) =>
    b.Transpose(b.Concat(b.Mul(b.Sigmoid(x), constant(b, 0.5)), b.Tanh(x), { axis: 1 }), { perm: [1, 0] }),
  'Clip, rounded to bytes': (b, x) =>
    b.Cast(b.Clip(b.Mul(x, b.floats(100)), b.floats(0), b.floats(255)), { to: 2 }),
  ArgMax: (b, x) => b.ArgMax(b.Softmax(x, { axis: 1 }), { axis: 1 }),
  'a comparison': (b, x) => b.Where(b.Greater(b.Sigmoid(x), b.floats(0.5)), b.floats(1), b.floats(0)),
  'the largest of saturated scores': (b, x) => b.node('TopK', [b.Sigmoid(x), b.int64s([3])], {}, 2)[0]!,
  'boxes that scores choose': (b, x) => {
    const [, index] = b.node('TopK', [b.Sigmoid(x), b.int64s([2])], {}, 2);
    return b.GatherElements(b.Exp(x), index!, { axis: 1 });
  },
};

/** y = ending(w·x + bias), its weights disturbed by `error` (relative), and one of them by `fault`. */
function network(ending: Ending, { error = 0, fault = 0, bias = -16 }): Graph {
  const { normal } = random(4);
  const { normal: noise } = random(5);
  const weights = Float32Array.from({ length: 8 * 6 }, () => normal() * (1 + error * noise()));
  weights[7] = weights[7]! + fault;
  const b = builderOf(emptyGraph('test'));
  const x = b.input('x', 'float32', ['N', 6]);
  const scores = b.Gemm(
    x,
    b.constant(floats([8, 6], weights)),
    b.constant(floats([8], new Float32Array(8).fill(bias))),
    { transB: 1 },
  );
  b.output(ending(b, scores), 'y');
  return b.graph;
}

describe('an output behind operators that saturate, order or round', () => {
  it.each(Object.entries(endings))('%s: rounding before it is no fault', async (_, ending) => {
    for (const bias of [-16, 0, 16]) {
      const { error, compared } = await verifyEquivalent(
        network(ending, { bias }),
        network(ending, { error: 3e-6, bias }),
        { executor },
      );
      expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThan(1e-4);
      expect(compared[0]!.values).not.toContain('y');
    }
  });

  it.each(Object.entries(endings))(
    '%s: another weight is a fault, however well it is hidden',
    async (_, ending) => {
      const wrong = network(ending, { fault: 0.5, bias: -300 });
      await expect(
        verifyEquivalent(network(ending, { bias: -300 }), wrong, { executor, tolerance: 1e-4 }),
      ).rejects.toThrow('expected the same output');
    },
  );

  it('what comes behind is compared as well, where nothing jumps', async () => {
    const right = network((b, x) => b.Sigmoid(x), { bias: 0 });
    const turned = network((b, x) => b.Sigmoid(b.Neg(x)), { bias: 0 });
    await expect(verifyEquivalent(right, turned, { executor })).rejects.toThrow('expected the same output');
  });
});

describe('open dimensions', () => {
  const swapped = (perm: number[]) => {
    const b = builderOf(emptyGraph('test'));
    const x = b.input('x', 'float32', ['N', 3, 'H', 'W']);
    b.output(b.ReduceMean(b.Transpose(x, { perm }), b.int64s([3]), { keepdims: 0 }), 'y');
    return b.graph;
  };

  it('are of different sizes in one run, so that mixed-up axes are noticed', async () => {
    const { sizes } = await verifyEquivalent(swapped([0, 1, 2, 3]), swapped([0, 1, 2, 3]), { executor });
    expect(sizes).toMatchObject([
      { batch: 2, first: 64, others: 64 },
      { batch: 1, first: 96, others: 128 },
    ]);
    await expect(
      verifyEquivalent(swapped([0, 1, 2, 3]), swapped([0, 1, 3, 2]), { executor }),
    ).rejects.toThrow('y:');
  });

  it('a size that is asked for counts', async () => {
    const { sizes } = await verifyEquivalent(swapped([0, 1, 2, 3]), swapped([0, 1, 2, 3]), {
      executor,
      size: [40, 48],
    });
    expect(sizes[0]).toMatchObject({ first: 40, others: 48 });
  });
});
