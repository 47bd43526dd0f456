import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blend, blendRing } from '../../src/grafting/blend.ts';
import { entropy, informationOf, validity } from '../../src/grafting/information.ts';
import type { GraftLayer } from '../../src/grafting/layers.ts';
import { graftInternal, graftNoise } from '../../src/grafting/reactivate.ts';
import { absoluteSum } from '../../src/numeric/statistics.ts';
import { floats } from '../../src/numeric/tensor.ts';
import type { Tensors } from '../../src/runtime/executor.ts';

const layer: GraftLayer = {
  name: 'a',
  weight: 'a.w',
  bias: null,
  normalization: { scale: 'a.g', shift: 'a.b', mean: 'a.m', variance: 'a.v' },
  filters: 2,
};
const layers = [layer];

/** Two filters of two weights. */
const stateOf = (weights: readonly number[], scale = [1, 1], momentum = [0, 0, 0, 0]): Tensors => ({
  'a.w': floats([2, 2, 1, 1], weights),
  'a.w.momentum': floats([2, 2, 1, 1], momentum),
  'a.g': floats([2], scale),
  'a.b': floats([2], [0, 0]),
  'a.m': floats([2], [0, 0]),
  'a.v': floats([2], [1, 1]),
});
const numbers = (state: Tensors, name = 'a.w') => Array.from(state[name]!.data as Float32Array);

describe('entropy', () => {
  it('is ln 2 of two equal halves, ln 10 of ten, and 0 of equal weights', () => {
    expect(entropy(Float32Array.of(0, 0, 1, 1))).toBeCloseTo(Math.LN2, 12);
    expect(entropy(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))).toBeCloseTo(Math.log(10), 12);
    expect(entropy(Float32Array.of(3, 3, 3))).toBe(0);
  });

  it('counts the largest weight in the last bin', () => {
    // 0 | nine tenths and the largest: a histogram that drops the largest would say 0.
    expect(entropy(Float32Array.of(0, 0.95, 1))).toBeCloseTo(Math.log(3) - (2 / 3) * Math.LN2, 12);
  });
});

it('validity is the l1 norm times |γ|', () => {
  expect([...validity(layer, stateOf([1, -2, 3, 4], [-2, 0.5]))]).toEqual([6, 3.5]);
  expect(informationOf(layers, stateOf([1, -2, 3, 4], [-2, 0.5]), 4)[0]).toMatchObject({
    filters: 2,
    invalid: 1,
  });
});

describe('grafting with another network', () => {
  it('takes half and half of layers that tell equally much', () => {
    const blended = blend(layers, [stateOf([0, 0, 1, 1]), stateOf([2, 2, 4, 4])], {
      level: 'layer',
      momentum: 'keep',
    });
    expect(numbers(blended)).toEqual([1, 1, 2.5, 2.5]);
  });

  it('takes more of the layer that tells more: w = 0.4/π·arctan(500·ΔH) + ½', () => {
    // H_self = ln 2, H_other = 0; arctan(346.57) = 1.567911: w = 0.699633.
    const blended = blend(layers, [stateOf([0, 0, 1, 1]), stateOf([5, 5, 5, 5])], {
      level: 'layer',
      momentum: 'keep',
    });
    expect(numbers(blended)[0]).toBeCloseTo(5 * (1 - 0.699633), 4);
    expect(numbers(blended)[3]).toBeCloseTo(0.699633 + 5 * (1 - 0.699633), 4);
  });

  it('takes filters by |γ|', () => {
    const pair = [stateOf([1, 1, 1, 1], [3, 0]), stateOf([5, 5, 5, 5], [-1, 0])] as const;
    const blended = blend(layers, pair, { level: 'filter', momentum: 'keep' });
    // w = ¾; of two that are 0, ½.
    expect(numbers(blended)).toEqual([2, 2, 3, 3]);
    expect(numbers(blended, 'a.g')).toEqual([2, 0]);
  });

  it.each([
    ['keep', [1, 1, 1, 1]],
    ['blend', [2, 2, 2, 2]],
    ['reset', [0, 0, 0, 0]],
  ] as const)('%ss momentum', (momentum, expected) => {
    const pair = [
      stateOf([0, 0, 1, 1], [1, 1], [1, 1, 1, 1]),
      stateOf([0, 0, 1, 1], [1, 1], [3, 3, 3, 3]),
    ] as const;
    expect(numbers(blend(layers, pair, { level: 'layer', momentum }), 'a.w.momentum')).toEqual(expected);
  });

  it('gives a network back that meets itself, and keeps w in [0.3, 0.7]', () => {
    const weights = fc.array(fc.float({ noNaN: true, min: -10, max: 10 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(weights, weights, (a, b) => {
        const self = stateOf(a);
        expect(numbers(blend(layers, [self, self], { level: 'layer', momentum: 'blend' }))).toEqual(
          numbers(self),
        );
        const mixed = numbers(blend(layers, [self, stateOf(b)], { level: 'layer', momentum: 'keep' }));
        const [own, other] = [numbers(self), numbers(stateOf(b))];
        mixed.forEach((x, i) => {
          const part = (x - other[i]!) / (own[i]! - other[i]!);
          if (Math.abs(own[i]! - other[i]!) < 1e-2) return;
          expect(part).toBeGreaterThan(0.2999);
          expect(part).toBeLessThan(0.7001);
        });
      }),
    );
  });

  it.each(['layer', 'filter'] as const)('at %s level makes the weights of two networks equal', (level) => {
    const some = fc.array(fc.float({ noNaN: true, min: -10, max: 10 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(some, some, (a, b) => {
        const states = [a, b].map((x) => stateOf(x.slice(0, 4), x.slice(4)));
        const [first, second] = blendRing(layers, states, { level, momentum: 'keep' });
        numbers(first!).forEach((x, i) => {
          expect(x).toBeCloseTo(numbers(second!)[i]!, 4);
        });
      }),
    );
  });

  it('goes round a ring, from what all were before', () => {
    const states = [0, 3, 6].map((x) => stateOf([x, x, x, x]));
    const ring = blendRing(layers, states, { level: 'layer', momentum: 'keep' });
    // Each with the one before it: (0, 6), (3, 0), (6, 3), half and half.
    expect(ring.map((state) => numbers(state)[0])).toEqual([3, 1.5, 4.5]);
  });
});

describe('grafting without another network', () => {
  const plain: GraftLayer = { ...layer, normalization: null };

  it('adds the largest filter to the smallest', () => {
    expect(numbers(graftInternal([plain], stateOf([0.1, 0, 3, 4]), { threshold: 1 }))).toEqual([
      Math.fround(Math.fround(0.1) + 3),
      4,
      3,
      4,
    ]);
    expect(numbers(graftInternal([plain], stateOf([2, 0, 3, 4]), { threshold: 1 }))).toEqual([2, 0, 3, 4]);
  });

  it('gives the sum the size of the largest filter if BatchNormalization follows', () => {
    const grafted = graftInternal(layers, stateOf([1, 0, 3, 4], [0.1, 1]), { threshold: 1 });
    // (1, 0) + (3, 4) has size 8, the largest filter 7.
    expect(numbers(grafted)).toEqual([3.5, 3.5, 3, 4]);
    expect(numbers(graftInternal(layers, stateOf([-3, -4, 3, 4], [0.1, 1]), { threshold: 1 }))).toEqual([
      0, 0, 3, 4,
    ]);
  });

  it('does not let filters before a BatchNormalization grow, however often they are grafted', () => {
    const wide: GraftLayer = { ...layer, filters: 6 };
    const positive = fc.double({ noNaN: true, min: 0.01, max: 1 });
    const weights = fc.array(positive, { minLength: 18, maxLength: 18 });
    const scales = fc.array(fc.array(positive, { minLength: 6, maxLength: 6 }), {
      minLength: 40,
      maxLength: 40,
    });
    const largest = (state: Tensors) => {
      const data = state['a.w']!.data as Float32Array;
      return Math.max(...[0, 3, 6, 9, 12, 15].map((first) => absoluteSum(data, first, first + 3)));
    };
    fc.assert(
      fc.property(weights, scales, (initial, epochs) => {
        const start: Tensors = { 'a.w': floats([6, 3, 1, 1], initial) };
        let state = start;
        for (const scale of epochs)
          state = graftInternal([wide], { ...state, 'a.g': floats([6], scale) }, { threshold: '80%' });
        expect(largest(state)).toBeLessThanOrEqual(largest(start) * (1 + 1e-5));
      }),
      { numRuns: 50 },
    );
  });

  it('takes a threshold as a part of the mean of the layer', () => {
    // Validities 1 and 9, mean 5: 40 % of it are 2.
    const state = stateOf([0.5, 0.5, 4, 5]);
    expect(numbers(graftInternal([plain], state, { threshold: '40%' }))).toEqual([4.5, 5.5, 4, 5]);
    expect(numbers(graftInternal([plain], state, { threshold: '10%' }))).toEqual([0.5, 0.5, 4, 5]);
    expect(informationOf(layers, state, '40%')[0]).toMatchObject({ filters: 2, invalid: 1 });
    expect(informationOf(layers, state, '19%')[0]!.invalid).toBe(0);
  });

  it('adds noise to invalid filters alone, less in later epochs, the same for a seed', () => {
    const wide: GraftLayer = { ...layer, normalization: null, filters: 2 };
    const state = { 'a.w': floats([2, 5000], new Float32Array(10000).fill(0.001, 0, 5000).fill(1, 5000)) };
    const noisy = (epoch: number) =>
      numbers(graftNoise([wide], state, { threshold: 10, base: 0.5, epoch, seed: 4 }));
    const spread = (values: readonly number[]) =>
      Math.sqrt(values.reduce((sum, x) => sum + (x - 0.001) ** 2, 0) / values.length);
    expect(spread(noisy(1).slice(0, 5000))).toBeCloseTo(0.5, 1);
    expect(spread(noisy(3).slice(0, 5000))).toBeCloseTo(0.125, 2);
    expect(noisy(1).slice(5000)).toEqual(new Array(5000).fill(1));
    expect(noisy(2)).toEqual(noisy(2));
  });
});
