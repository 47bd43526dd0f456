import { describe, expect, it } from 'vitest';
import { judge } from '../../src/measure/scores.ts';

describe('judge', () => {
  it('ranks the true class; of equal scores the lower class comes first', () => {
    const ranks = (scores: number[]) =>
      scores.map((_, label) => judge(Float32Array.from(scores), label, 'logits').rank);
    expect(ranks([3, 1, 2])).toEqual([0, 2, 1]);
    expect(ranks([5, 5, 5])).toEqual([0, 1, 2]);
  });

  it('takes the logarithm of a softmax, however large the logits', () => {
    expect(judge(Float32Array.of(1000, 1000, 1000, 1000), 2, 'logits').loss).toBeCloseTo(1.386294, 6);
    expect(judge(Float32Array.of(0, 1, 2), 2, 'logits').loss).toBeCloseTo(0.407606, 6);
  });

  it('reads probabilities and their logarithms', () => {
    expect(judge(Float32Array.of(0.25, 0.75), 0, 'probabilities').loss).toBeCloseTo(1.386294, 6);
    expect(judge(Float32Array.of(-1.5, -0.25), 1, 'log-probabilities').loss).toBe(0.25);
    expect(judge(Float32Array.of(0, 1), 0, 'probabilities').loss).toBeGreaterThan(80);
    expect(judge(Float32Array.of(0, 1), 0, 'probabilities').loss).toBeLessThan(Infinity);
  });

  it('hands NaN on, in whichever class', () => {
    expect(judge(Float32Array.of(1, Number.NaN), 0, 'probabilities')).toEqual({
      rank: Number.NaN,
      loss: Number.NaN,
    });
  });
});
