import { describe, expect, test } from 'vitest';
import { asFloat, asFloat32, halfToNumber } from '../../src/numeric/float-conversion.ts';
import { random } from '../../src/numeric/random.ts';
import { floats, makeTensor } from '../../src/numeric/tensor.ts';

const every = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7c00;

describe('16-bit floating point', () => {
  test('every half-precision number, there and back', () => {
    const numbers = asFloat32(makeTensor('float16', [65536], every));
    for (const bits of every) expect(Object.is(numbers.data[bits], halfToNumber(bits))).toBe(true);
    const back = asFloat(numbers, 'float16').data as Uint16Array;
    for (const bits of every) if (!isNaNBits(bits)) expect(back[bits]).toBe(bits);
  });

  test('rounds to the nearest, ties to even', () => {
    const { normal, uniform } = random(1);
    const numbers = Float32Array.from({ length: 4000 }, () => normal() * 2 ** (40 * uniform() - 24));
    const halves = asFloat(floats([4000], numbers), 'float16').data as Uint16Array;
    numbers.forEach((x, i) => {
      const bits = halves[i]! & 0x7fff;
      const size = Math.abs(x);
      if (bits === 0x7c00) return expect(size).toBeGreaterThanOrEqual(65520);
      const error = Math.abs(halfToNumber(bits) - size);
      const neighbours = [bits - 1, bits + 1].filter((b) => b >= 0 && b < 0x7c00).map(halfToNumber);
      for (const other of neighbours) expect(error).toBeLessThanOrEqual(Math.abs(other - size));
    });
    const ties = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 65519, 65520, -0];
    const rounded = asFloat(floats([ties.length], ties), 'float16').data as Uint16Array;
    expect([...rounded]).toEqual([0x3c00, 0x3c02, 0, 2, 0x7bff, 0x7c00, 0x8000]);
  });

  test('bfloat16 is the upper half of float32', () => {
    const numbers = floats([4], [1 + 2 ** -8, 1 + 3 * 2 ** -8, -3e38, Number.POSITIVE_INFINITY]);
    expect([...(asFloat(numbers, 'bfloat16').data as Uint16Array)]).toEqual([0x3f80, 0x3f82, 0xff62, 0x7f80]);
    const back = asFloat32(makeTensor('bfloat16', [2], Uint16Array.of(0x3f80, 0xff62)));
    expect(back.data[0]).toBe(1);
    expect(back.data[1]! / -3e38).toBeCloseTo(1, 2);
  });
});
