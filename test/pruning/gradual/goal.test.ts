import { expect, it } from 'vitest';
import { goalAt } from '../../../src/pruning/gradual/goal.ts';
import type { SelectionRules } from '../../../src/pruning/ranking/selection.ts';

const rules: SelectionRules = {
  ...{ scope: 'global', round: 8, floor: 0.1, original: new Map() },
  layerRatios: [{ glob: 'a', ratio: 0.5 }],
};
const final = { every: 10, until: 0.4, part: 0.2, rules };
const goal = (step: number, totalSteps = 250) => goalAt({ step, totalSteps, learningRate: 0.1 }, final);

it('masks every few steps once scores have gathered, and meets the target where it is to', () => {
  const steps = Array.from({ length: 250 }, (_, i) => i + 1).filter((step) => goal(step));
  expect(steps).toEqual([20, 30, 40, 50, 60, 70, 80, 90, 100]);
  expect(steps.filter((step) => goal(step)!.isLast)).toEqual([100]);
  expect(goal(100)).toEqual({ part: 0.2, rules, isLast: true });
});

it('follows a cubic curve without rounding, ratios of single layers with it', () => {
  // Half of the way from step 10 to 100.
  const way = 1 - 0.5 ** 3;
  expect(goalAt({ step: 55, totalSteps: 250, learningRate: 0.1 }, { ...final, every: 5 })!.part).toBeCloseTo(
    1 - 0.8 * (1 - (45 / 95) ** 3),
    9,
  );
  const { part, rules: own } = goalAt({ step: 60, totalSteps: 275, learningRate: 0.1 }, final)!;
  expect(part).toBeCloseTo(1 - 0.8 * way, 9);
  expect(own).toMatchObject({ round: 1, layerRatios: [{ glob: 'a', ratio: 0.5 * way }] });
});

it('masks once where a run is short', () => {
  const steps = [1, 2, 3, 4, 5].filter((step) => goal(step, 5));
  expect(steps).toEqual([2]);
});
