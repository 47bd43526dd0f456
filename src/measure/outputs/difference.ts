type OutputRuns = readonly Float32Array[];

/** The difference between actual and expected outputs, over all runs. */
export interface Difference {
  /** Σy². */
  readonly signal: number;
  /** Σ(ŷ − y)². */
  readonly noise: number;
  /** ‖ŷ − y‖₂ / ‖y‖₂. */
  readonly error: number;
}

/** Compares ŷ with y. Elements that are not finite in y are ignored; elements that are not finite only in ŷ count as 0. */
export function differenceOf(expected: OutputRuns, actual: OutputRuns): Difference {
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
  return { signal, noise, error: Math.sqrt(noise / Math.max(signal, 1e-30)) };
}

/** The fraction in [0, 1] of equal elements; elements that exist in only one of both count as unequal. */
export function equalPart(expected: OutputRuns, actual: OutputRuns): number {
  let [same, all] = [0, 0];
  for (const [y, found] of paired(expected, actual)) {
    all += Math.max(y.length, found.length);
    for (let i = 0; i < y.length; i++) if (y[i] === found[i]) same++;
  }
  return all === 0 ? 1 : same / all;
}

/** Pairs of runs; if both networks ran on batches of different sizes, all runs concatenated. */
const paired = (expected: OutputRuns, actual: OutputRuns): (readonly [Float32Array, Float32Array])[] =>
  expected.length === actual.length
    ? expected.map((run, i) => [run, actual[i]!] as const)
    : [[joined(expected), joined(actual)]];

function joined(runs: OutputRuns): Float32Array {
  const all = new Float32Array(runs.reduce((sum, run) => sum + run.length, 0));
  let at = 0;
  for (const run of runs) {
    all.set(run, at);
    at += run.length;
  }
  return all;
}
