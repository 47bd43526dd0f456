import { describe, expect, it } from 'vitest';
import { floats } from '../../src/numeric/tensor.ts';
import { networkOf, normalized, order, pointwise, scoresOf } from '../support/layer-scores.ts';

const image = [1, 2, 4, 4];
// By hand: Σ|F| = 7, 5, 2; √ΣF² = 5, 5, √2.
const filters = [
  [3, -4],
  [5, 0],
  [1, 1],
];

describe('norms', () => {
  const layouts = {
    'a convolution': networkOf(image, (g, x) => pointwise(g, x, 'layer', filters)),
    'a transposed convolution': networkOf(image, (g, x) =>
      g.named('layer').ConvTranspose(x, g.constant(floats([2, 3, 1, 1], [3, 5, 1, -4, 0, 1]))),
    ),
    'rows of a matrix': networkOf([1, 2], (g, x) =>
      g.named('layer').Gemm(x, g.constant(floats([3, 2], filters.flat())), null, { transB: 1 }),
    ),
    'columns of a matrix': networkOf([1, 2], (g, x) =>
      g.named('layer').MatMul(x, g.constant(floats([2, 3], [3, 5, 1, -4, 0, 1]))),
    ),
  };
  it.each(Object.entries(layouts))('are those of the filters of %s', async (_, graph) => {
    expect((await scoresOf(graph, { criterion: 'l1-norm' })).layer).toEqual([7, 5, 2]);
    expect((await scoresOf(graph, { criterion: 'l2-norm' })).layer).toEqual([5, 5, Math.SQRT2]);
  });

  it('tell the groups of a transposed convolution apart', async () => {
    // Filters 0 and 1 read input channels 0 and 1, filters 2 and 3 channels 2 and 3.
    const weight = floats([4, 2, 1, 1], [1, 2, 10, 20, 3, 4, 30, 40]);
    const graph = networkOf([1, 4, 2, 2], (g, x) =>
      g.named('layer').ConvTranspose(x, g.constant(weight), null, { group: 2 }),
    );
    expect((await scoresOf(graph, { criterion: 'l1-norm' })).layer).toEqual([11, 22, 33, 44]);
  });

  it('sum kernels whose size is no multiple of four', async () => {
    const ones = floats([2, 2, 3, 3], new Float32Array(36).fill(-1));
    const graph = networkOf(image, (g, x) => g.named('layer').Conv(x, g.constant(ones)));
    expect((await scoresOf(graph, { criterion: 'l1-norm' })).layer).toEqual([18, 18]);
    expect((await scoresOf(graph, { criterion: 'l2-norm' })).layer).toEqual([Math.sqrt(18), Math.sqrt(18)]);
  });

  it('change their order where BatchNormalization is folded in', async () => {
    const graph = networkOf(image, (g, x) =>
      normalized(g, pointwise(g, x, 'layer', filters), [1, -2, 12], [1, 4, 4]),
    );
    const folded = { criterion: 'l1-norm', foldBatchNormalization: true } as const;
    expect((await scoresOf(graph, folded)).layer).toEqual([7, 5, 12]);
    expect((await scoresOf(graph, { criterion: 'l1-norm' })).layer).toEqual([7, 5, 2]);
  });
});

describe('the geometric median', () => {
  it('is nearest to all others', async () => {
    // On a line at 0, 1 and 5: distances 1 + 5, 1 + 4, 5 + 4.
    const graph = networkOf(image, (g, x) =>
      pointwise(g, x, 'layer', [
        [0, 0],
        [0.6, 0.8],
        [3, 4],
      ]),
    );
    const { layer } = await scoresOf(graph, { criterion: 'geometric-median' });
    (layer as number[]).forEach((score, m) => expect(score).toBeCloseTo([6, 5, 9][m]!, 5));
  });

  it('keeps near neighbours apart in large layers', async () => {
    // 100·e₀, the same moved by 10⁻³, and 298 more axes: all others are 100·√2 away.
    const count = 300;
    const data = new Float32Array(count * count);
    for (let m = 0; m < count; m++) data[m * count + (m === 1 ? 0 : m)] = 100;
    data[count + 1] = 1e-3;
    const graph = networkOf([1, count, 1, 1], (g, x) =>
      g.named('layer').Conv(x, g.constant(floats([count, count, 1, 1], data))),
    );
    const layer = (await scoresOf(graph, { criterion: 'geometric-median' })).layer as number[];
    expect(layer[0]).toBeCloseTo(298 * 100 * Math.SQRT2 + 1e-3, 4);
    expect(layer[7]).toBeCloseTo(299 * 100 * Math.SQRT2, 4);
  });
});

it('weight-rank counts ranks first, then compares nuclear norms', async () => {
  // As matrices of channels × positions: ranks 1, 2, 0, 1, the last of the larger norm, the second of a tiny one.
  const ranks = [
    [1, 2, 1, 2, 0, 0],
    [1e-3, 0, 0, 1e-3, 0, 0],
    [0, 0, 0, 0, 0, 0],
    [50, 50, 50, 50, 50, 50],
  ];
  const tall = networkOf(image.with(1, 3), (g, x) =>
    g.named('layer').Conv(x, g.constant(floats([4, 3, 1, 2], ranks.flat()))),
  );
  const wide = networkOf(image, (g, x) =>
    g.named('layer').Conv(x, g.constant(floats([4, 2, 1, 3], ranks.flat()))),
  );
  const ofTall = (await scoresOf(tall, { criterion: 'weight-rank' })).layer as number[];
  expect(order(ofTall)).toEqual([2, 0, 3, 1]);
  expect(ofTall.map(Math.floor)).toEqual([1, 2, 0, 1]);
  // [1, 2, 1; 2, 0, 0] and [10⁻³, 0, 0; 10⁻³, 0, 0]: reading the same numbers in rows of three swaps two ranks.
  const ofWide = (await scoresOf(wide, { criterion: 'weight-rank' })).layer as number[];
  expect(ofWide.map(Math.floor)).toEqual([2, 1, 0, 1]);
});

describe('bn-scale', () => {
  it('is |γ| behind a layer, a bias between them or not', async () => {
    const graph = networkOf(image, (g, x) => {
      const first = normalized(g, pointwise(g, x, 'first', filters), [-3, 2, 0.5]);
      const second = pointwise(g, g.Relu(first), 'second', [
        [1, 1, 1],
        [1, 2, 3],
      ]);
      return normalized(g, g.Add(second, g.floats([1, 2], [1, 2, 1, 1])), [4, -5]);
    });
    expect(await scoresOf(graph, { criterion: 'bn-scale' })).toEqual({ first: [3, 2, 0.5], second: [4, 5] });
  });

  it('says how to keep BatchNormalization where there is none, or none of the layer alone', async () => {
    const graph = networkOf(image, (g, x) => {
      const alone = g.Relu(
        pointwise(g, x, 'alone', [
          [1, 2],
          [3, 4],
        ]),
      );
      return normalized(
        g,
        g.Add(
          pointwise(g, alone, 'summed', [
            [1, 2],
            [3, 4],
          ]),
          alone,
        ),
        [1, 2],
      );
    });
    const { alone, summed } = await scoresOf(graph, { criterion: 'bn-scale' });
    expect(alone).toContain('training=TrainingMode.PRESERVE');
    expect(summed).toContain('`insertBatchnorm`');
  });
});

it('random scores depend on the seed and the layer alone', async () => {
  const graph = networkOf(image, (g, x) =>
    pointwise(g, pointwise(g, x, 'a', filters), 'b', [
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]),
  );
  const first = await scoresOf(graph, { criterion: 'random', seed: 1 });
  expect(await scoresOf(graph, { criterion: 'random', seed: 1 })).toEqual(first);
  expect(await scoresOf(graph, { criterion: 'random', seed: 2 })).not.toEqual(first);
  expect(first.a).not.toEqual(first.b);
});

it('layers of other types have a reason', async () => {
  const graph = networkOf(image, (g, x) => pointwise(g, x, 'layer', filters));
  const weight = graph.initializers[0]!;
  weight.tensor = { ...weight.tensor!, dtype: 'float16' };
  const { layer } = await scoresOf(graph, { criterion: 'l1-norm' });
  expect(layer).toBe('expected a float32 weight, found float16');
});
