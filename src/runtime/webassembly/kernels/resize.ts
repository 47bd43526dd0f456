import { type Node, requiredInput, staticShape } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import { refuseTaps, resizeTaps } from '../../../graph/resize-taps.ts';
import type { KernelRow } from './kernel.ts';
import { resampleStep } from './resample.ts';

/** Resize of rows and columns. */
export const resizeRow: KernelRow = {
  refuse: (node) =>
    refuseTaps(attributesOf(node, 'Resize')) ??
    (resizesPlanes(node) ? null : 'it resizes axes other than the last two'),
  lower({ node, fusion, scope }) {
    const x = scope.planes(requiredInput(node, 0));
    const [rows, columns] = [resizeTaps(node, -2), resizeTaps(node, -1)];
    scope.step(resampleStep(node, { x, y: scope.newPlanes(fusion.output), rows, columns }, scope));
  },
};

function resizesPlanes({ inputs: [x], outputs: [y] }: Node): boolean {
  if (!x || !y) return false;
  const [from, to] = [staticShape(x), staticShape(y)];
  return from.length >= 3 && from.slice(0, -2).join() === to.slice(0, -2).join();
}
