import type { Refused } from 'espalier/core';
import type { Step } from './types.ts';

/** The result of a verification in words. */
export const comparedWith = (reference: string, error: number | null): string =>
  error === null
    ? 'not compared: nothing was changed'
    : `equal to ${reference} on random inputs, within a relative error of ${error.toExponential(1)}`;

/** What a pass left alone, as a step records it. */
export const leftAloneBy = (refusals: readonly Refused[]): Step['leftAlone'] =>
  refusals.map(({ where, reason }) => ({ name: where, reason }));
