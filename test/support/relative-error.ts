/** max |a − b| / max(1e-6, max |b|): the error of `actual` relative to the largest expected magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let largest = 1e-6;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    difference = Math.max(difference, error); // keeps NaN
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}
