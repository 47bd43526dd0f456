import type { Local } from './encoder/code.ts';
import type { Expression, FunctionName } from './expression.ts';

export const functions: { readonly [F in FunctionName]: (x: Local<'v128'>) => Expression } = {
  /** eˣ = 2ⁿ · eʳ with n = round(x / ln 2), |r| ≤ ln 2 / 2, and a polynomial of degree 6 for eʳ (relative error 2e-7). */
  exp: (x) => ({
    value: ['min', ['max', x, -87.3], 88.7],
    within: (bounded) => ({
      value: ['nearest', ['mul', bounded, Math.LOG2E]],
      within: (n) => ({
        // ln 2 is split in two, so that n times the first part is exact.
        value: ['sub', ['sub', bounded, ['mul', n, 0.693359375]], ['mul', n, -2.1219444e-4]],
        within: (r) => [
          'mul',
          polynomial(r, [1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1, 1]),
          ['shiftLeft', ['addIntegers', ['toIntegers', n], { integers: 127 }], { bits: 23 }],
        ],
      }),
    }),
  }),
  /**
   * ln x = n·ln 2 + ln m with x = 2ⁿ·m, √½ ≤ m < √2, and Cephes' polynomial for ln m (relative error 1e-7). Subnormal numbers
   * are treated as the least normal number; ln 0 = −∞, and the logarithm of a negative number is NaN.
   */
  log: (x) => ({
    value: ['max', x, 1.17549435e-38],
    within: (positive) => ({
      value: ['subIntegers', positive, { integers: 0x3f3504f3 }],
      within: (shifted) => ({
        value: [
          'sub',
          ['addIntegers', ['and', shifted, { integers: 0x007fffff }], { integers: 0x3f3504f3 }],
          1,
        ],
        within: (f) => ({
          value: ['fromIntegers', ['shiftRight', shifted, { bits: 23 }]],
          within: (n) => [
            'select',
            ['add', ['sub', logarithmNear1(f), ['mul', n, 2.1219444e-4]], ['mul', n, 0.693359375]],
            ['select', Number.NEGATIVE_INFINITY, Number.NaN, ['equal', x, 0]],
            ['greater', x, 0],
          ],
        }),
      }),
    }),
  }),
  /** 1 / (1 + e⁻ˣ). */
  sigmoid: (x) => ['div', 1, ['add', ['exp', ['neg', x]], 1]],
  /** 1 − 2 / (e²ˣ + 1). */
  tanh: (x) => ['sub', 1, ['div', 2, ['add', ['exp', ['add', x, x]], 1]]],
  /** Abramowitz and Stegun 7.1.26: erf |x| = 1 − t·p(t)·e^(−x²), t = 1 / (1 + 0.3275911·|x|); absolute error 1.5e-7. */
  erf: (x) => ({
    value: ['div', 1, ['add', ['mul', ['abs', x], 0.3275911], 1]],
    within: (t) => [
      'or',
      [
        'sub',
        1,
        [
          'mul',
          ['mul', polynomial(t, [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592]), t],
          ['exp', ['neg', ['mul', x, x]]],
        ],
      ],
      ['and', x, -0],
    ],
  }),
  sin: (x) => sine(x, 0),
  cos: (x) => sine(x, 0.5),
};

/** ln (1 + f). */
const logarithmNear1 = (f: Local<'v128'>): Expression => ({
  value: ['mul', f, f],
  within: (square) => [
    'add',
    f,
    [
      'sub',
      [
        'mul',
        ['mul', square, f],
        polynomial(
          f,
          [
            7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
            -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
          ],
        ),
      ],
      ['mul', square, 0.5],
    ],
  ],
});

/**
 * sin(x + shift·π) = (−1)ⁿ·sin r with n = round(x/π + shift), r = x − (n − shift)·π in three parts, and a polynomial of degree 11
 * (absolute error 3e-7 up to |x| = 1000).
 */
const sine = (x: Local<'v128'>, shift: number): Expression => ({
  value: ['nearest', ['add', ['mul', x, 1 / Math.PI], shift]],
  within: (n) => ({
    value: ['sub', n, shift],
    within: (turns) => ({
      value: PI_PARTS.reduce<Expression>((rest, part) => ['sub', rest, ['mul', turns, part]], x),
      within: (r) => ({
        value: ['mul', r, r],
        within: (square) => [
          'mul',
          ['mul', r, polynomial(square, [-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1])],
          // 1 where n is even, −1 where it is odd.
          ['sub', 1, ['mul', 4, ['abs', ['sub', ['mul', n, 0.5], ['nearest', ['mul', n, 0.5]]]]]],
        ],
      }),
    }),
  }),
});

/** π in parts of few bits, so that their products with small integers are exact. */
const PI_PARTS = [3.140625, 0.0009675025939941406, 1.5099579909783765e-7] as const;

/** p(x) by Horner's rule; coefficients from the highest power down. */
const polynomial = (x: Local<'v128'>, [first = 0, ...rest]: readonly number[]): Expression =>
  rest.reduce<Expression>((sum, coefficient) => ['add', ['mul', sum, x], coefficient], first);
