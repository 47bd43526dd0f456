import { type Refusal, refuse } from '../../graph/edit/refused.ts';

/** Multiply-accumulates per output position, before and after a rewrite; after, there are as many weights. */
export interface MacsAtPlace {
  readonly before: number;
  readonly after: number;
  /** Weights before, if their number differs from the multiply-accumulates. */
  readonly weights?: number;
}

/** Refuses a rewrite with more than `growth` times the multiply-accumulates or weights; null if it is acceptable. */
export function tooCostly({ before, after, weights = before }: MacsAtPlace, growth: number): Refusal | null {
  if (after > growth * before)
    return costly(`${whole(after)} MACs per output position instead of ${whole(before)}`);
  if (after <= growth * weights) return null;
  return costly(`${whole(after)} weights instead of ${whole(weights)}`);
}

const costly = (what: string): Refusal => refuse('too-costly', `merged, it would have ${what}`);

const whole = (count: number): string => String(Math.round(count));
