import { staticShape, type Value } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { elementCount, stridesOf, toNumbers } from '../../../numeric/tensor.ts';
import type { Planes } from '../storage.ts';
import type { KernelRow, Lowering } from './kernel.ts';
import { allValues, indicesOf, sharesLead } from './placement.ts';
import { copyStrided, type StridedView } from './strided-copy.ts';

export const splitRow: KernelRow = {
  shares: (node) => (sharesLead(node, attributesOf(node, 'Split').axis) ? allValues(node) : []),
  lower(lowering) {
    const { node } = lowering;
    const [input] = node.inputs;
    if (!input) return;
    const rank = staticShape(input).length;
    const axis = (attributesOf(node, 'Split').axis + rank) % rank;
    let begin = 0;
    const selections = node.outputs.flatMap((output) => {
      if (!output) return [];
      const { begins, steps } = whole(rank);
      begins[axis] = begin;
      begin += staticShape(output)[axis] ?? 0;
      return [{ output, begins, steps }];
    });
    lowerSelections(input, selections, lowering);
  },
};

export const sliceRow: KernelRow = {
  refuse: (node) =>
    node.inputs.slice(1).every((value) => !value || value.tensor) ? null : 'its bounds are not constant',
  shares: (node) =>
    allValues(node).filter(
      (value) =>
        staticShape(value).slice(-2).join() ===
        staticShape(node.outputs[0] ?? value)
          .slice(-2)
          .join(),
    ),
  lower(lowering) {
    const { node, fusion } = lowering;
    const [input, starts, , axes, steps] = node.inputs;
    if (!input || !starts?.tensor) return;
    const shape = staticShape(input);
    const begin = toNumbers(starts.tensor);
    const stepOf = steps?.tensor ? toNumbers(steps.tensor) : begin.map(() => 1);
    const axesOf = axes?.tensor ? toNumbers(axes.tensor) : begin.map((_, axis) => axis);
    const selection = whole(shape.length);
    axesOf.forEach((given, i) => {
      const axis = (given + shape.length) % shape.length;
      const size = shape[axis] ?? 0;
      const step = stepOf[i] ?? 1;
      const from = begin[i] ?? 0;
      const start = from < 0 ? from + size : from;
      selection.begins[axis] = Math.min(Math.max(start, 0), step < 0 ? size - 1 : size);
      selection.steps[axis] = step;
    });
    lowerSelections(input, [{ output: fusion.output, ...selection }], lowering);
  },
};

/** Selects elements along axes: y[i] = x[begin + step·i] on each axis. A Split makes one selection per output. */
interface Selection {
  readonly output: Value;
  readonly begins: readonly number[];
  readonly steps: readonly number[];
}

function lowerSelections(input: Value, selections: readonly Selection[], { node, scope }: Lowering): void {
  const shape = staticShape(input);
  for (const selection of selections) {
    const place = scope.stored(input);
    const target = staticShape(selection.output);
    if (isEverything(selection, shape, target)) {
      scope.store(selection.output, place);
      continue;
    }
    if (place.kind === 'planes' && isWithinLead(selection, shape, target)) {
      scope.store(selection.output, selectPlanes(place, selection, target));
      continue;
    }
    const from = scope.dense(input);
    const strides = stridesOf(shape);
    const offset = selection.begins.reduce((sum, begin, axis) => sum + begin * (strides[axis] ?? 0), 0);
    const view: StridedView = {
      dense: from,
      offset,
      strides: strides.map((stride, axis) => stride * (selection.steps[axis] ?? 1)),
    };
    const to = scope.newDense(selection.output);
    scope.step(
      copyStrided(node, target, { from: view, to: { dense: to, offset: 0, strides: stridesOf(target) } }),
    );
  }
}

const isEverything = ({ steps }: Selection, from: readonly number[], to: readonly number[]): boolean =>
  from.join() === to.join() && steps.every((step) => step === 1);

const isWithinLead = (
  { begins, steps }: Selection,
  from: readonly number[],
  to: readonly number[],
): boolean =>
  from.length >= 3 &&
  [from.length - 2, from.length - 1].every(
    (axis) => begins[axis] === 0 && steps[axis] === 1 && from[axis] === to[axis],
  );

function selectPlanes(place: Planes, { begins, steps }: Selection, target: readonly number[]): Planes {
  const lead = target.slice(0, -2);
  const strides = stridesOf(place.lead);
  const planes = Array.from({ length: elementCount(lead) }, (_, i) => {
    const index = indicesOf(i, lead).map((at, axis) => (begins[axis] ?? 0) + at * (steps[axis] ?? 1));
    return place.planes[index.reduce((sum, at, axis) => sum + at * (strides[axis] ?? 0), 0)];
  }).flatMap((plane) => plane ?? []);
  return { ...place, lead, planes };
}

const whole = (rank: number) => ({
  begins: new Array<number>(rank).fill(0),
  steps: new Array<number>(rank).fill(1),
});
