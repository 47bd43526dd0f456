import * as v from 'valibot';
import { graftDefaults } from '../../grafting/defaults.ts';
import type { Threshold } from '../../grafting/threshold.ts';
import { defaulted, numberIn, text } from '../flags.ts';

const threshold = v.pipe(
  text,
  v.check(
    (typed) => v.is(numberIn(0), typed.replace(/%$/, '')),
    'expected a number of at least 0, or a percentage such as 60%',
  ),
  v.transform((typed) => (typed.endsWith('%') ? (typed as Threshold) : Number(typed))),
);

/** The threshold below which filters are invalid. */
export const invalidFlag = {
  invalidBelow: defaulted(
    '--invalid-below <x>',
    "a filter is invalid if its |γ|·Σ|w| is below this; a percentage such as 60% is relative to the mean of the layer's filters",
    [threshold, graftDefaults.invalidBelow],
  ),
};
