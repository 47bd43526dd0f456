type Runs = readonly Float32Array[];

/** How far outputs are from the expected ones, over all runs. */
export interface Difference {
  /** Σy². */
  readonly signal: number;
  /** Σ(ŷ − y)². */
  readonly noise: number;
  /** ‖ŷ − y‖₂ / ‖y‖₂. */
  readonly error: number;
}

/** ŷ compared with y, whose elements that are not finite are ignored; where ŷ alone is not finite, it counts as 0. */
export function differenceOf(expected: Runs, actual: Runs): Difference {
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

/** The part, in [0, 1], of the elements that are equal; those that one of both lacks are not. */
export function equalPart(expected: Runs, actual: Runs): number {
  let [same, all] = [0, 0];
  for (const [y, found] of paired(expected, actual)) {
    all += Math.max(y.length, found.length);
    for (let i = 0; i < y.length; i++) if (y[i] === found[i]) same++;
  }
  return all === 0 ? 1 : same / all;
}

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
