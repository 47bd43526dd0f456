import { expect, it } from 'vitest';
import { learningRateAt } from '../../src/training/schedules.ts';

it('steps at the milestones', () => {
  const settings = { schedule: 'step', learningRate: 1, milestones: [0.5, 0.75], gamma: 0.1 } as const;
  const rates = [0, 49, 50, 74, 75, 99].map((step) => learningRateAt(step, 100, settings));
  [1, 1, 0.1, 0.1, 0.01, 0.01].forEach((rate, i) => {
    expect(rates[i]).toBeCloseTo(rate, 10);
  });
});

it('falls along half a cosine', () => {
  const settings = { schedule: 'cosine', learningRate: 2 } as const;
  expect(learningRateAt(0, 100, settings)).toBe(2);
  expect(learningRateAt(50, 100, settings)).toBeCloseTo(1, 10);
  expect(learningRateAt(99, 100, settings)).toBeLessThan(0.001);
});

it('rises linearly while warming up, never from zero', () => {
  const settings = { schedule: 'constant', learningRate: 1, warmupSteps: 4 } as const;
  expect([0, 1, 2, 3, 4].map((step) => learningRateAt(step, 10, settings))).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
});

it('rises along half a cosine and falls along another one in one cycle', () => {
  const rate = (step: number) => learningRateAt(step, 100, { schedule: 'one-cycle', learningRate: 5 });
  expect(rate(0)).toBeCloseTo(0.2, 10);
  expect(rate(15)).toBeCloseTo(2.6, 10);
  expect(rate(30)).toBeCloseTo(5, 10);
  expect(rate(65)).toBeCloseTo(2.50001, 10);
  expect(rate(99)).toBeLessThan(0.003);
});
