/** Multiply-accumulates at one place of the output, before and after. */
export interface MacsAtPlace {
  readonly before: number;
  readonly after: number;
}

/** Why something is not merged where that takes more than `growth` times the multiply-accumulates; else null. */
export function tooCostly({ before, after }: MacsAtPlace, growth: number): string | null {
  if (after <= growth * before) return null;
  return `merged it would take ${whole(after)} MACs at each place of its output, where it takes ${whole(before)} now`;
}

const whole = (macs: number): string => String(Math.round(macs));
