/** The largest whole number that divides both; a where b is 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The least whole number that both divide. */
export const leastCommonMultiple = (a: number, b: number): number => (a * b) / greatestCommonDivisor(a, b);
