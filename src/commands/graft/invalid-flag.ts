import * as v from 'valibot';
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

/** Which filters count as invalid. */
export const invalidFlag = {
  invalidBelow: defaulted(
    '--invalid-below <x>',
    "a filter whose |γ|·Σ|w| is below this is invalid; 60%: below as much of the mean of its layer's filters",
    [threshold, 1e-2],
  ),
};
