/** The largest integer that divides both; a if b is 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The smallest integer that both divide. */
export const leastCommonMultiple = (a: number, b: number): number => (a * b) / greatestCommonDivisor(a, b);
