type Runs = readonly Float32Array[];

/** Both run by run; where one network took the images in other portions than the other, all of them at once. */
const paired = (expected: Runs, actual: Runs): (readonly [Float32Array, Float32Array])[] =>
  expected.length === actual.length
    ? expected.map((run, i) => [run, actual[i]!] as const)
    : [[joined(expected), joined(actual)]];

function joined(runs: Runs): Float32Array {
  const all = new Float32Array(runs.reduce((sum, run) => sum + run.length, 0));
  let at = 0;
  for (const run of runs) {
    all.set(run, at);
    at += run.length;
  }
  return all;
}

/**
 * ‖ŷ − y‖₂ / ‖y‖₂ over all runs; elements that are not finite in y are left out, others that are not finite in ŷ count as if they were lost.
 */
export function relativeError(expected: Runs, actual: Runs): number {
  const { signal, noise } = energies(expected, actual);
  return Math.sqrt(noise / Math.max(signal, 1e-30));
}

/** Σy² and Σ(ŷ − y)². */
export function energies(expected: Runs, actual: Runs): { readonly signal: number; readonly noise: number } {
  let [signal, noise] = [0, 0];
  for (const [y, found] of paired(expected, actual)) {
    for (let i = 0; i < y.length; i++) {
      const a = y[i]!;
      if (!Number.isFinite(a)) continue;
      const b = found[i]!;
      signal += a * a;
      noise += Number.isFinite(b) ? (a - b) ** 2 : a * a;
    }
  }
  return { signal, noise };
}

/** The part, in [0, 1], of the elements that are equal; those that one of both lacks are not. */
export function equalPart(expected: Runs, actual: Runs): number {
  let [same, all] = [0, 0];
  for (const [y, found] of paired(expected, actual)) {
    all += Math.max(y.length, found.length);
    for (let i = 0; i < y.length; i++) if (y[i] === found[i]) same++;
  }
  return all === 0 ? 1 : same / all;
}
