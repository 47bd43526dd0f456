/** A stream of pseudo-random numbers that depends only on its seed. */
export interface Random {
  /** Uniform in [0, 1), with a resolution of 32 bits. */
  uniform(): number;
  /** Uniform integer in [0, bound). */
  integer(bound: number): number;
  /** Normal with mean 0 and standard deviation 1 (Box–Muller). */
  normal(): number;
  /** A permutation of 0 … n − 1 (Fisher–Yates). */
  permutation(n: number): Uint32Array;
}

/**
 * A seeded generator: sfc32, with a state mixed from the keys by splitmix32. Keys are counters (seed, epoch, step …), so that
 * any point of a run can be reproduced without stored state.
 */
export function random(...keys: readonly number[]): Random {
  const next = sfc32(keys);
  const uniform = () => next() / 4294967296;
  const integer = (bound: number) => Math.floor(uniform() * bound);
  return { uniform, integer, normal: () => gaussian(uniform), permutation: (n) => shuffled(n, integer) };
}

function sfc32(keys: readonly number[]): () => number {
  let mixed = 0x9e3779b9;
  const splitmix = () => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed ^ (mixed >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
  for (const key of keys)
    mixed = splitmix() ^ (key | 0) ^ Math.imul(Math.floor(key / 4294967296), 0x85ebca6b);
  let [a, b, c, counter] = [splitmix(), splitmix(), splitmix(), 1];
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

function gaussian(uniform: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  return radius * Math.cos(2 * Math.PI * uniform());
}

function shuffled(n: number, integer: (bound: number) => number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/**
 * Maximum number of random numbers drawn for one tensor; a prime, so that repeated rows and images of larger tensors differ.
 */
const MOST_DRAWN = 1_048_573;

/**
 * Fills an array with random elements. Large arrays repeat the first million, since drawing would take longer than running
 * small networks.
 */
export function fillDrawn<T extends ArrayLike<number> | ArrayLike<bigint>>(
  data: T & { copyWithin(target: number, start: number, end: number): unknown },
  draw: () => T[number],
): T {
  const drawn = Math.min(data.length, MOST_DRAWN);
  const target = data as { [index: number]: T[number] };
  for (let i = 0; i < drawn; i++) target[i] = draw();
  for (let at = drawn; at < data.length; at += drawn)
    data.copyWithin(at, 0, Math.min(drawn, data.length - at));
  return data;
}
