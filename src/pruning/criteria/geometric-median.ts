import { builderOf } from '../../graph/builder.ts';
import { isRefusal, type Refusal, refuse } from '../../graph/edit/refused.ts';
import { emptyGraph } from '../../graph/graph.ts';
import { floats } from '../../numeric/tensor.ts';
import type { Executor } from '../../runtime/executor.ts';
import { type Criterion, scoreEach } from './criterion.ts';
import { scoreInputs } from './inputs.ts';
import { type FilterRows, rowsOf } from './slices.ts';

/**
 * Σₖ ‖F − Fₖ‖₂ over the filters of the layer: filters close to all others can be replaced by them. For inputs, F are the
 * weights that read a channel.
 */
export const geometricMedian: Criterion = {
  name: 'geometric-median',
  paper: 'He et al., Filter Pruning via Geometric Median, CVPR 2019, arXiv:1811.00250',
  needs: 'weights',
  sides: ['filters', 'inputs'],
  weighs: true,
  score(scoring) {
    const { executor } = scoring;
    if (scoring.side !== 'inputs') {
      return scoreEach(scoring.layers, (filters) => distanceSums(rowsOf(filters), executor));
    }
    return scoreInputs(scoring, async (slices, classOf) => {
      const joined = joinRows(rowsOf(slices), classOf);
      if (isRefusal(joined)) return joined;
      const sums = await distanceSums(joined.rows, executor);
      return new Map(joined.roots.map((root, i) => [root, sums[i]!]));
    });
  },
};

/** One row per channel set, with all weights that read it: the columns after a Flatten, the tied channels of groups. */
function joinRows(
  { data, length }: FilterRows,
  classOf: Int32Array,
): { rows: FilterRows; roots: number[] } | Refusal {
  const places = new Map<number, number[]>();
  for (const [position, root] of classOf.entries()) places.set(root, [...(places.get(root) ?? []), position]);
  const width = classOf.length / places.size;
  if ([...places.values()].some((own) => own.length !== width))
    return refuse('unsupported', 'its channels have unequal numbers of weights');
  const joined = new Float32Array(data.length);
  [...places.values()].flat().forEach((position, i) => {
    joined.set(data.subarray(position * length, (position + 1) * length), i * length);
  });
  return { rows: { data: joined, count: places.size, length: width * length }, roots: [...places.keys()] };
}

/** Up to this many elements, differences are computed directly; above, by one matrix product in the executor. */
const FEW = 2e7;

async function distanceSums(rows: FilterRows, executor: Executor): Promise<Float64Array> {
  const { count, length } = rows;
  const gram = count * count * length > FEW ? await gramMatrix(rows, executor) : null;
  const sums = new Float64Array(count);
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const distance = Math.sqrt(squaredDistance(rows, { a, b, gram }));
      sums[a]! += distance;
      sums[b]! += distance;
    }
  }
  return sums;
}

interface FilterPair {
  readonly a: number;
  readonly b: number;
  readonly gram: Float32Array | null;
}

function squaredDistance({ data, count, length }: FilterRows, { a, b, gram }: FilterPair): number {
  if (gram) {
    const norms = gram[a * count + a]! + gram[b * count + b]!;
    const squared = norms - 2 * gram[a * count + b]!;
    // For close filters the difference of squares cancels: two or more of seven digits would be lost.
    if (squared > norms / 20) return squared;
  }
  let sum = 0;
  for (let i = a * length, j = b * length; i < (a + 1) * length; i++, j++) sum += (data[i]! - data[j]!) ** 2;
  return sum;
}

/** F·Fᵀ [count, count]. */
async function gramMatrix({ data, count, length }: FilterRows, executor: Executor): Promise<Float32Array> {
  const graph = emptyGraph('gram matrix');
  const g = builderOf(graph);
  const rows = g.input('rows', 'float32', [count, length]);
  g.output(g.MatMul(rows, g.Transpose(rows, { perm: [1, 0] })), 'products');
  const program = await executor.compile(graph, { unbounded: true });
  try {
    const { products } = await program.run({ rows: floats([count, length], data) });
    return products!.data as Float32Array;
  } finally {
    await program.close();
  }
}
