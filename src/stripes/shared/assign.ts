import { addTo, average } from '../../numeric/statistics.ts';

/**
 * Clusters points into blocks of `size` (the last one may be smaller), close points together; returns the block of each
 * point. The remaining point that is farthest from the mean of the remaining points forms a block with its nearest neighbours
 * (MDAV: Domingo-Ferrer & Mateo-Sanz, 2002); then pairs are exchanged as long as Σ ‖x − mean of its block‖² decreases.
 * Deterministic.
 */
export function balancedBlocks(points: readonly Float32Array[], size: number): number[] {
  const members = gathered(points, size);
  exchange(members);
  return members.map(({ block }) => block.index);
}

interface PointBlock {
  readonly index: number;
  readonly sum: Float64Array;
  size: number;
}

/** A point and its block. */
interface Member {
  readonly x: Float32Array;
  block: PointBlock;
}

function gathered(points: readonly Float32Array[], size: number): Member[] {
  const members: Member[] = [];
  const left = new Map(points.entries());
  for (let index = 0; left.size > 0; index++) {
    const first = farthest([...left.values()]);
    const near = Array.from(left, ([i, x]) => ({ i, x, distance: squaredDistance(x, first) }));
    near.sort((a, b) => a.distance - b.distance || a.i - b.i);
    const block = { index, sum: new Float64Array(first.length), size: 0 };
    for (const { i, x } of near.slice(0, size)) {
      members[i] = { x, block };
      addTo(block.sum, x);
      block.size++;
      left.delete(i);
    }
  }
  return members;
}

/** The point farthest from the mean of all points. */
function farthest(points: readonly Float32Array[]): Float32Array {
  const mean = average(points);
  const far = points.map((x) => ({ x, distance: squaredDistance(x, mean) }));
  return far.reduce((best, each) => (each.distance > best.distance ? each : best)).x;
}

/** Maximum number of rounds of exchanges; each considers all pairs. */
const MOST_ROUNDS = 20;
/** Gains below this fraction of Σ‖x‖² are treated as rounding errors. */
const LEAST_GAIN = 1e-9;

/**
 * Exchanges pairs as long as that helps. Sizes of blocks do not change, so Σ ‖x − mean‖² decreases by as much as Σ ‖sum of a
 * block‖² / its size increases.
 */
function exchange(members: readonly Member[]): void {
  const squares = members.map(({ x }) => x.reduce((sum, value) => sum + value * value, 0));
  const least = LEAST_GAIN * squares.reduce((sum, square) => sum + square, 0);
  let changed = true;
  for (let round = 0; changed && round < MOST_ROUNDS; round++) {
    changed = false;
    for (const [i, a] of members.entries()) {
      for (const b of members.slice(i + 1)) {
        const { block: from } = a;
        const { block: to } = b;
        if (from === to || gain([a.x, b.x], [from, to]) <= least) continue;
        move(a.x, from.sum, to.sum);
        move(b.x, to.sum, from.sum);
        [a.block, b.block] = [to, from];
        changed = true;
      }
    }
  }
}

/** The increase of Σ ‖sum‖²/size if x of block a and y of block b are exchanged. */
function gain(
  [x, y]: readonly [Float32Array, Float32Array],
  [a, b]: readonly [PointBlock, PointBlock],
): number {
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
  addTo(from, point, -1);
  addTo(to, point);
}

const squaredDistance = (a: Float32Array, b: ArrayLike<number>): number =>
  a.reduce((sum, value, d) => sum + (value - b[d]!) ** 2, 0);
