/** The name closest to `typed`, with an edit distance of at most a third of its length; null if there is none. */
export function closestName(typed: string, names: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of names) {
    const most = Math.ceil(name.length / 3);
    if (Math.abs(typed.length - name.length) > most) continue;
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase());
    if (distance <= most && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name ?? null;
}

/**
 * The number of insertions, deletions, substitutions and swaps of neighbours between two strings (optimal string alignment).
 */
function editDistance(a: string, b: string): number {
  const known = new Map<number, number>();
  /** The distance between the first i and j characters. */
  const between = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const key = i * (b.length + 1) + j;
    const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    const distance =
      known.get(key) ??
      Math.min(
        between(i - 1, j) + 1,
        between(i, j - 1) + 1,
        between(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        isSwapped ? between(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    known.set(key, distance);
    return distance;
  };
  return between(a.length, b.length);
}
