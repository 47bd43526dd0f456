import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { inspect } from '../../src/commands/inspect/inspect.ts';
import { limitOf, thresholdSchema } from '../../src/grafting/threshold.ts';

describe('a threshold of validity', () => {
  it.each([0, 0.01, 12, '60%', '5e1%', '.5%', '150%'])('may be %s', (given) => {
    expect(v.is(thresholdSchema, given)).toBe(true);
  });

  it.each([-1, Number.POSITIVE_INFINITY, Number.NaN, '60', '%', ' %', '1.2.3%', '-5%', '1e999%', null])(
    'may not be %s',
    (given) => {
      expect(v.is(thresholdSchema, given)).toBe(false);
    },
  );

  it('is a number, or a part of the mean', () => {
    const scores = Float64Array.of(1, 2, 6);
    expect(limitOf(2.5, scores)).toBe(2.5);
    expect(limitOf('50%', scores)).toBe(1.5);
  });

  const typed = (raw: string) => inspect.options.invalidBelow!.read(raw);

  it('is read off the command line', () => {
    expect([typed('0.5'), typed('1e-3'), typed('60%')]).toEqual([0.5, 1e-3, '60%']);
  });

  it.each(['half', '-1', '1e999', ' ', '60%%'])('refuses %j', (raw) => {
    expect(() => typed(raw)).toThrow('--invalid-below: expected a number of at least 0, or a percentage');
  });
});
