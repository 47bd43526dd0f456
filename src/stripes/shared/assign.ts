/**
 * Points gathered in groups of `size` (the last one smaller where they do not come out even), near ones together: the
 * block of each point. Whoever is farthest from the middle of those that are left takes its nearest (Domingo-Ferrer &
 * Mateo-Sanz, 2002, MDAV); then pairs change places as long as Σ ‖x − mean of its block‖² falls. Deterministic.
 */
export function balancedBlocks(points: readonly Float32Array[], size: number): number[] {
  const block = new Array<number>(points.length).fill(0);
  const left = new Set(points.keys());
  for (let next = 0; left.size > 0; next++) {
    const first = farthest(points, left);
    const near = [...left].map((i) => ({ i, distance: squaredDistance(points[i]!, points[first]!) }));
    near.sort((a, b) => a.distance - b.distance || a.i - b.i);
    for (const { i } of near.slice(0, size)) {
      block[i] = next;
      left.delete(i);
    }
  }
  return exchange(points, block);
}

/** Rounds of exchanges; each looks at all pairs. */
const MOST_ROUNDS = 20;
/** Gains below this part of Σ‖x‖² are rounding. */
const LEAST_GAIN = 1e-9;

/**
 * Changes pairs as long as that helps. Sizes stay, so that Σ ‖x − mean‖² falls by what Σ ‖sum of a block‖² / its size
 * rises.
 */
function exchange(points: readonly Float32Array[], block: number[]): number[] {
  const blocks = blockSums(points, block);
  const least = LEAST_GAIN * points.reduce((sum, x) => sum + dot(x, x), 0);
  let changed = true;
  for (let round = 0; changed && round < MOST_ROUNDS; round++) {
    changed = false;
    for (let i = 0; i < points.length; i++) {
      for (let j = i + 1; j < points.length; j++) {
        const [a, b] = [block[i]!, block[j]!];
        if (a === b || gain([points[i]!, points[j]!], [blocks[a]!, blocks[b]!]) <= least) continue;
        move(points[i]!, blocks[a]!.sum, blocks[b]!.sum);
        move(points[j]!, blocks[b]!.sum, blocks[a]!.sum);
        [block[i], block[j]] = [b, a];
        changed = true;
      }
    }
  }
  return block;
}

interface BlockSum {
  readonly sum: Float64Array;
  size: number;
}

function blockSums(points: readonly Float32Array[], block: readonly number[]): BlockSum[] {
  const blocks = Array.from({ length: Math.max(-1, ...block) + 1 }, (): BlockSum => {
    return { sum: new Float64Array(points[0]!.length), size: 0 };
  });
  points.forEach((x, i) => {
    const to = blocks[block[i]!]!;
    to.size++;
    x.forEach((value, d) => {
      to.sum[d]! += value;
    });
  });
  return blocks;
}

/** What Σ ‖sum‖²/size gains where x of block a and y of block b change places. */
function gain([x, y]: readonly [Float32Array, Float32Array], [a, b]: readonly [BlockSum, BlockSum]): number {
  let [towards, away, square] = [0, 0, 0];
  for (let d = 0; d < x.length; d++) {
    const step = y[d]! - x[d]!;
    towards += a.sum[d]! * step;
    away += b.sum[d]! * step;
    square += step * step;
  }
  return (2 * towards + square) / a.size + (square - 2 * away) / b.size;
}

function move(point: Float32Array, from: Float64Array, to: Float64Array): void {
  for (let d = 0; d < point.length; d++) {
    from[d]! -= point[d]!;
    to[d]! += point[d]!;
  }
}

/** The point farthest from the mean of those that are left. */
function farthest(points: readonly Float32Array[], left: ReadonlySet<number>): number {
  const mean = new Float64Array(points[0]!.length);
  for (const i of left)
    points[i]!.forEach((value, d) => {
      mean[d]! += value / left.size;
    });
  let [best, distance] = [-1, -1];
  for (const i of left) {
    const own = squaredDistance(points[i]!, mean);
    if (own > distance) [best, distance] = [i, own];
  }
  return best;
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, d) => sum + value * b[d]!, 0);

const squaredDistance = (a: Float32Array, b: ArrayLike<number>): number =>
  a.reduce((sum, value, d) => sum + (value - b[d]!) ** 2, 0);
