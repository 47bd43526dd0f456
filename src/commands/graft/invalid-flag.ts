import * as v from 'valibot';
import { thresholdSchema } from '../../grafting/threshold.ts';
import { defaulted, text } from '../flags.ts';

const threshold = v.pipe(
  text,
  v.transform((typed) => (typed.endsWith('%') ? typed : Number(typed.trim() || Number.NaN))),
  thresholdSchema,
);

/** Which filters count as invalid. */
export const invalidFlag = {
  invalidBelow: defaulted(
    '--invalid-below <x>',
    "a filter whose |γ|·Σ|w| is below this is invalid; 60%: below as much of the mean of its layer's filters",
    [threshold, 1e-2],
  ),
};
