import { requiredInput, staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { elementCount, toNumbers } from '../../../numeric/tensor.ts';
import { type Dense, planesOfDense } from '../storage.ts';
import { writeCopies } from './copy.ts';
import type { KernelRow } from './kernel.ts';
import { linesOf } from './lines.ts';
import { sharesLead, valuesOf } from './placement.ts';

/** Gather with constant indices along one axis: a selection of planes, or a copy. */
export const gatherRow: KernelRow = {
  refuse: ({ inputs: [, indices] }) => (indices?.tensor ? null : 'its indices are not constant'),
  shares: (node) => (sharesLead(node, attributesOf(node, 'Gather').axis) ? valuesOf(node) : []),
  lower({ node, fusion, scope }) {
    const input = requiredInput(node, 0);
    const { tensor } = requiredInput(node, 1);
    const shape = staticShape(input);
    const axis = (attributesOf(node, 'Gather').axis + shape.length) % shape.length;
    const { outer, size, inner } = linesOf(shape, axis);
    const chosen = tensor ? toNumbers(tensor).map((index) => (index + size) % size) : [];
    const target = staticShape(fusion.output);
    const place = scope.stored(input);
    if (place.kind === 'planes' && axis < shape.length - 2) {
      const perIndex = elementCount(shape.slice(axis + 1, -2));
      const planes = Array.from({ length: outer }, (_, o) =>
        chosen.flatMap((index) =>
          place.planes.slice((o * size + index) * perIndex, (o * size + index + 1) * perIndex),
        ),
      ).flat();
      scope.store(fusion.output, { ...place, lead: target.slice(0, -2), planes });
      return;
    }
    const rows = (dense: Dense, count: number) =>
      planesOfDense({ ...dense, shape: [outer * count, 1, inner] });
    const from = rows(scope.dense(input), size);
    const planes = Array.from({ length: outer }, (_, o) =>
      chosen.flatMap((index) => from.planes[o * size + index] ?? []),
    ).flat();
    const to = rows(scope.newDense(fusion.output), chosen.length);
    scope.step(writeCopies(node.name, { ...from, planes }, to));
  },
};
