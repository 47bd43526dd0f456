/** The name closest to `typed`, with an edit distance of at most a third of its length; null if there is none. */
export function closestName(typed: string, names: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of names) {
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase());
    if (distance <= Math.ceil(name.length / 3) && distance < (best?.distance ?? Infinity)) {
      best = { name, distance };
    }
  }
  return best?.name ?? null;
}

/**
 * The number of insertions, deletions, substitutions and swaps of neighbours between two strings (optimal string alignment).
 */
function editDistance(a: string, b: string): number {
  const table = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = table[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? table[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(substitution, swap, table[i - 1]![j]! + 1, row[j - 1]! + 1));
    }
    table.push(row);
  }
  return table[a.length]![b.length]!;
}
