import { type Node, requiredInput, staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { toNumbers } from '../../../numeric/tensor.ts';
import type { Local } from '../encoder/code.ts';
import type { Expression } from '../expression.ts';
import type { KernelRow } from './kernel.ts';
import { lineStep } from './line-step.ts';
import { type Fold, linesOf } from './lines.ts';

interface Reduction {
  readonly fold: Fold;
  /** The result, from the reduced value and the number of elements. */
  readonly finish?: (folded: Local<'v128'>, size: number) => Expression;
}

const square: Fold = { operation: 'add', of: (x) => ['mul', x, x] };

const reductions = {
  ReduceSum: { fold: { operation: 'add' } },
  ReduceMean: { fold: { operation: 'add' }, finish: (sum, size) => ['mul', sum, 1 / size] },
  ReduceMax: { fold: { operation: 'max' } },
  ReduceMin: { fold: { operation: 'min' } },
  ReduceProd: { fold: { operation: 'mul' } },
  ReduceL1: { fold: { operation: 'add', of: (x) => ['abs', x] } },
  ReduceL2: { fold: square, finish: (sum) => ['sqrt', sum] },
  ReduceSumSquare: { fold: square },
} as const satisfies Record<string, Reduction>;

/** The operators that reduce axes. */
export type ReductionName = keyof typeof reductions;

const rowOf = (op: ReductionName): KernelRow => ({
  refuse: (node) => (node.inputs[1] && !node.inputs[1].tensor ? 'its axes are not constant' : null),
  lower({ node, fusion, scope }) {
    const { fold, finish }: Reduction = reductions[op];
    const input = requiredInput(node, 0);
    const shape = staticShape(input);
    const [first = 0, ...others] = axesOfReduction(node, op);
    const lines = linesOf(shape, first, first + others.length + 1);
    scope.step(
      lineStep({
        node,
        kernel: op,
        lines,
        x: scope.dense(input),
        y: scope.newDense(fusion.output),
        folds: true,
        write(line, { from, to }) {
          const folded = line.fold(from, fold);
          line.store(to, finish ? line.compute(finish(folded, lines.size)) : folded);
        },
      }),
    );
  },
});

export const reductionNames = Object.keys(reductions) as ReductionName[];

export const reductionRows = Object.fromEntries(reductionNames.map((op) => [op, rowOf(op)])) as {
  readonly [Op in ReductionName]: KernelRow;
};

/** The axes that a node reduces, ascending; empty if it copies its input. */
export function axesOfReduction(node: Node, op: ReductionName): number[] {
  const { axes, noop_with_empty_axes: keepsAll } = attributesOf(node, op);
  const rank = staticShape(requiredInput(node, 0)).length;
  const tensor = node.inputs[1]?.tensor;
  const given = axes ?? (tensor ? toNumbers(tensor) : []);
  if (given.length === 0) return keepsAll ? [] : Array.from({ length: rank }, (_, axis) => axis);
  return given.map((axis) => (axis + rank) % rank).toSorted((a, b) => a - b);
}
