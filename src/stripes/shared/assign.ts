import { addTo, average } from '../../numeric/statistics.ts';

/**
 * Points gathered in groups of `size` (the last one smaller where they do not come out even), near ones together: the
 * block of each point. Whoever is farthest from the middle of those that are left takes its nearest (Domingo-Ferrer &
 * Mateo-Sanz, 2002, MDAV); then pairs change places as long as Σ ‖x − mean of its block‖² falls. Deterministic.
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

/** A point, and the block that it is in. */
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

/** The point farthest from the mean of all. */
function farthest(points: readonly Float32Array[]): Float32Array {
  const mean = average(points);
  const far = points.map((x) => ({ x, distance: squaredDistance(x, mean) }));
  return far.reduce((best, each) => (each.distance > best.distance ? each : best)).x;
}

/** Rounds of exchanges; each looks at all pairs. */
const MOST_ROUNDS = 20;
/** Gains below this part of Σ‖x‖² are rounding. */
const LEAST_GAIN = 1e-9;

/**
 * Changes pairs as long as that helps. Sizes stay, so that Σ ‖x − mean‖² falls by what Σ ‖sum of a block‖² / its size
 * rises.
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

/** What Σ ‖sum‖²/size gains where x of block a and y of block b change places. */
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
