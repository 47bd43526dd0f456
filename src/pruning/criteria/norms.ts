import { absoluteSum } from '../../numeric/statistics.ts';
import { type Criterion, type Scoring, scoreEach } from './criterion.ts';
import { scoreInputs } from './inputs.ts';
import type { Slices } from './slices.ts';

const paper = 'Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017, arXiv:1608.08710';

/** A norm: the root of a sum over elements. */
interface Norm {
  sum(data: Float32Array, from: number, to: number): number;
  /** Adds the contribution of each element to its target. */
  addEach(targets: Float64Array, data: Float32Array): void;
  root(sum: number): number;
}

const absolute: Norm = { sum: absoluteSum, addEach: addAbsolutes, root: (sum) => sum };
const euclidean: Norm = { sum: squareSum, addEach: addSquares, root: Math.sqrt };

/** Σ|F|. */
export const l1Norm: Criterion = {
  name: 'l1-norm',
  paper,
  needs: 'weights',
  sides: ['filters', 'inputs'],
  weighs: true,
  score: (scoring) => scoreNorms(scoring, absolute),
};

/** √ΣF². */
export const l2Norm: Criterion = {
  name: 'l2-norm',
  paper,
  needs: 'weights',
  sides: ['filters', 'inputs'],
  weighs: true,
  score: (scoring) => scoreNorms(scoring, euclidean),
};

/** Σ|F| of each slice. */
export const l1Norms = (slices: Slices): Float64Array => sums(slices, absolute);

function scoreNorms(scoring: Scoring, norm: Norm) {
  if (scoring.side !== 'inputs')
    return scoreEach(scoring.layers, (filters) => sums(filters, norm).map(norm.root));
  return scoreInputs(scoring, (slices, classOf) => {
    const byClass = new Map<number, number>();
    sums(slices, norm).forEach((sum, position) => {
      const root = classOf[position]!;
      byClass.set(root, (byClass.get(root) ?? 0) + sum);
    });
    return new Map([...byClass].map(([root, sum]) => [root, norm.root(sum)]));
  });
}

function sums({ data, outer, size, inner, groups }: Slices, { sum, addEach }: Norm): Float64Array {
  const result = new Float64Array(groups * size);
  const blocks = outer / groups;
  for (let o = 0; o < outer; o++) {
    const first = Math.floor(o / blocks) * size;
    if (inner === 1) {
      addEach(result.subarray(first, first + size), data.subarray(o * size, (o + 1) * size));
      continue;
    }
    for (let a = 0; a < size; a++) {
      const from = (o * size + a) * inner;
      result[first + a]! += sum(data, from, from + inner);
    }
  }
  return result;
}

function addAbsolutes(targets: Float64Array, data: Float32Array): void {
  for (let i = 0; i < data.length; i++) targets[i]! += Math.abs(data[i]!);
}

function addSquares(targets: Float64Array, data: Float32Array): void {
  for (let i = 0; i < data.length; i++) targets[i]! += data[i]! ** 2;
}

// Plain loops, since iterators and a function per element take two to five times as long.
function squareSum(data: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += data[i]! ** 2;
  return sum;
}
