import { describe, expect, it } from 'vitest';
import { floats } from '../../src/numeric/tensor.ts';
import { countElements, emptyHistogram, percentileRange } from '../../src/quantization/histogram.ts';
import { activationScale, quantizeWeights, rangeOf, roundHalfEven } from '../../src/quantization/scales.ts';

describe('activationScale', () => {
  it.each([
    // 5/255 = 0.0196…, 1/0.0196… = 51
    ['on both sides of 0', { low: -1, high: 4 }, 5 / 255, 51],
    ['above 0, from which it begins all the same', { low: 0.5, high: 2.55 }, 0.01, 0],
    ['below 0, at which it ends all the same', { low: -5.1, high: -1 }, 0.02, 255],
    ['nothing but zeros', { low: 0, high: 0 }, 1, 0],
  ])('spreads 256 codes over a range %s', (_, range, scale, zeroPoint) => {
    const found = activationScale(range);
    expect(found.scale).toBeCloseTo(scale, 8);
    expect(found.zeroPoint).toBe(zeroPoint);
    expect(Math.fround(found.scale)).toBe(found.scale);
  });

  it('rounds halves to even, as QuantizeLinear does', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, -2.5001].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, -3]);
  });
});

describe('quantizeWeights', () => {
  const weight = floats([2, 2], [1, -0.4, 0.01, 0.002]);
  const plain = { axis: 0, bits: 8, bias: null, inputScale: 0.5 } as const;

  it('gives each channel the scale of its largest weight', () => {
    const { weight: codes, scale } = quantizeWeights(weight, plain);
    expect([...codes.data]).toEqual([127, -51, 127, 25]); // −50.8, 25.4
    expect(codes.dtype).toBe('int8');
    expect([...scale.data]).toEqual([Math.fround(1 / 127), Math.fround(0.01 / 127)]);
  });

  it('finds channels along any axis', () => {
    const { weight: codes, scale } = quantizeWeights(floats([2, 2], [1, 0.01, -0.4, 0.002]), {
      ...plain,
      axis: 1,
    });
    expect([...codes.data]).toEqual([127, 127, -51, 25]);
    expect([...scale.data]).toEqual([Math.fround(1 / 127), Math.fround(0.01 / 127)]);
  });

  it('shares one scale where asked, in which small channels drown', () => {
    const { weight: codes, scale } = quantizeWeights(weight, { ...plain, axis: null });
    expect([...codes.data]).toEqual([127, -51, 1, 0]);
    expect(scale.shape).toEqual([]);
  });

  it('keeps to 63 steps where one bit is spared', () => {
    const { weight: codes } = quantizeWeights(weight, { ...plain, bits: 7 });
    expect([...codes.data]).toEqual([63, -25, 63, 13]); // −25.2, 12.6
  });

  it('counts biases in steps of input scale times weight scale', () => {
    const bias = Float32Array.of(2, -0.001);
    const { bias: codes } = quantizeWeights(weight, { ...plain, bias });
    expect(codes!.dtype).toBe('int32');
    expect([...codes!.data]).toEqual([508, -25]); // 2·127/0.5; −0.001·127/(0.01·0.5) = −25.4
  });

  it('keeps the bias of a dead filter within int32', () => {
    const bias = Float32Array.of(3, 0);
    const dead = floats([2, 1], [1e-9, 0]);
    const { bias: codes, scale } = quantizeWeights(dead, { ...plain, bias });
    const [first, second] = codes!.data as Int32Array;
    expect(Math.abs(first!)).toBeGreaterThan(1e6);
    expect(first! * 0.5 * (scale.data as Float32Array)[0]!).toBeCloseTo(3, 6);
    expect(second).toBe(0);
    expect((scale.data as Float32Array)[1]).toBe(1);
  });
});

describe('ranges', () => {
  it('always hold 0', () => {
    expect(rangeOf([1, 3])).toEqual({ low: 0, high: 3 });
    expect(rangeOf([-2, -1])).toEqual({ low: -2, high: 0 });
  });

  it('cut half of the rest at either end', () => {
    const histogram = emptyHistogram({ low: 0, high: 1 });
    const uniform = Float32Array.from({ length: 20_000 }, (_, i) => i / 20_000);
    countElements(histogram, uniform.subarray(0, 7000)); // in two batches
    countElements(histogram, uniform.subarray(7000));
    const { low, high } = percentileRange(histogram, 90);
    expect(low).toBeCloseTo(0.05, 3);
    expect(high).toBeCloseTo(0.95, 3);
    expect(percentileRange(histogram, 100).high).toBeCloseTo(1, 3);
  });

  it('pass over outliers', () => {
    const histogram = emptyHistogram({ low: 0, high: 100 });
    countElements(
      histogram,
      Float32Array.from({ length: 10_000 }, (_, i) => (i === 0 ? 100 : i / 10_000)),
    );
    expect(percentileRange(histogram, 99.9).high).toBeLessThan(1.02);
    expect(percentileRange(histogram, 100).high).toBe(100);
  });

  it('are a point where all elements are equal', () => {
    const histogram = emptyHistogram({ low: 2, high: 2 });
    countElements(histogram, Float32Array.of(2, 2));
    expect(percentileRange(histogram, 99)).toEqual({ low: 2, high: 2 });
  });
});
