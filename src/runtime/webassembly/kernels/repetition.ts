import { requiredInput, staticShape } from '../../../graph/graph.ts';
import { elementCount, stridesOf } from '../../../numeric/tensor.ts';

import type { KernelRow } from './kernel.ts';
import { broadcastIndex, keepsPlanes, valuesOf } from './placement.ts';
import { copyStrided } from './strided-copy.ts';

/** Expand: repeats elements along axes of size 1. Whole planes are shared instead of copied. */
export const expandRow: KernelRow = {
  shares: (node) => (keepsPlanes(node) ? valuesOf(node) : []),
  lower({ node, fusion, scope }) {
    const input = requiredInput(node, 0);
    const shape = staticShape(fusion.output);
    const place = scope.stored(input);
    if (place.kind === 'planes' && keepsPlanes(node)) {
      const lead = shape.slice(0, -2);
      const planes = Array.from(
        { length: elementCount(lead) },
        (_, i) => place.planes[broadcastIndex(i, lead, place.lead)],
      ).flatMap((plane) => plane ?? []);
      scope.store(fusion.output, { ...place, lead, planes });
      return;
    }
    const own = staticShape(input);
    const missing = shape.length - own.length;
    const ownStrides = stridesOf(own);
    const strides = shape.map((_, axis) =>
      own[axis - missing] === 1 ? 0 : (ownStrides[axis - missing] ?? 0),
    );
    const from = { dense: scope.dense(input), offset: 0, strides };
    const to = { dense: scope.newDense(fusion.output), offset: 0, strides: stridesOf(shape) };
    scope.step(copyStrided(node, shape, { from, to }));
  },
};

/** Tile: repeats the whole value along axes. */
export const tileRow: KernelRow = {
  lower({ node, fusion, scope }) {
    const input = requiredInput(node, 0);
    const [own, shape] = [staticShape(input), staticShape(fusion.output)];
    const [ownStrides, strides] = [stridesOf(own), stridesOf(shape)];
    // Each axis becomes two: the repetition, and the index in the value.
    const axes = own.map((size, axis) => ({ times: (shape[axis] ?? 0) / size, size, axis }));
    const from = axes.flatMap(({ axis }) => [0, ownStrides[axis] ?? 0]);
    const to = axes.flatMap(({ size, axis }) => [size * (strides[axis] ?? 0), strides[axis] ?? 0]);
    scope.step(
      copyStrided(
        node,
        axes.flatMap(({ times, size }) => [times, size]),
        {
          from: { dense: scope.dense(input), offset: 0, strides: from },
          to: { dense: scope.newDense(fusion.output), offset: 0, strides: to },
        },
      ),
    );
  },
};
