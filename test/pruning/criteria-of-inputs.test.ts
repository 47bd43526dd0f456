import { describe, expect, it } from 'vitest';
import { floats } from '../../src/numeric/tensor.ts';
import { networkOf, pointwise, scoresOf } from '../support/layer-scores.ts';

const image = [1, 2, 4, 4];
const filters = [
  [3, -4],
  [5, 0],
  [1, 1],
];

describe('of the side that reads', () => {
  const fork = networkOf(image, (g, x) => {
    const made = g.Relu(pointwise(g, x, 'made', filters));
    const left = pointwise(g, made, 'left', [
      [1, -2, 0],
      [3, 2, 0],
    ]);
    return g.Add(
      left,
      pointwise(g, made, 'right', [
        [0, 10, 7],
        [0, 0, 0],
      ]),
    );
  });

  it('a channel has the sum over its readers', async () => {
    const { made, left } = await scoresOf(fork, { criterion: 'l1-norm', side: 'inputs' });
    expect(made).toEqual([4, 14, 7]);
    expect(left).toBe('no layer reads its channels');
    const { made: euclidean } = await scoresOf(fork, { criterion: 'l2-norm', side: 'inputs' });
    expect(euclidean).toEqual([Math.sqrt(10), Math.sqrt(8) + 10, 7]);
  });

  it('columns of a flattened channel belong together', async () => {
    const graph = networkOf([1, 2, 1, 2], (g, x) => {
      const flat = g.Flatten(pointwise(g, x, 'made', filters));
      const columns = floats([1, 6], [1, -1, 3, 4, 1, 0]);
      return g.named('read').Gemm(flat, g.constant(columns), null, { transB: 1 });
    });
    const inputs = { side: 'inputs' } as const;
    expect((await scoresOf(graph, { criterion: 'l1-norm', ...inputs })).made).toEqual([2, 7, 1]);
    expect((await scoresOf(graph, { criterion: 'l2-norm', ...inputs })).made).toEqual([Math.SQRT2, 5, 1]);
    // Points (1, −1), (3, 4), (1, 0): distances √29, 1, √20.
    const { made } = await scoresOf(graph, { criterion: 'geometric-median', ...inputs });
    const [a, b, c] = [Math.sqrt(29), 1, Math.sqrt(20)];
    (made as number[]).forEach((score, i) => expect(score).toBeCloseTo([a + b, a + c, b + c][i]!, 5));
  });

  it('criteria of filters alone are refused', async () => {
    await expect(scoresOf(fork, { criterion: 'weight-rank', side: 'inputs' })).rejects.toThrow(
      'weight-rank scores filters alone: expected l1-norm, l2-norm, geometric-median, random for input channels',
    );
  });
});
