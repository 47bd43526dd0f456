import type { Value } from '../../../src/graph/graph.ts';
import { type Export, openExport, type Variant } from '../export.ts';
import { batchNormalization, enlarged, sizeOf, sizes } from '../forms.ts';

export const image = { height: 64, width: 64, free: 'both' } as const;

/** A feature pyramid, its levels read by the same two heads: class probabilities and boxes of every position. */
export function detector(variant: Variant): Export {
  const e = openExport(variant, image);
  const stage = (x: Value, from: number, to: number) =>
    e.node('Relu', [batchNormalization(e, e.conv(x, { from, to, stride: 2 }), to)]);
  const c1 = stage(e.image, 3, 8);
  const c2 = stage(c1, 8, 16);
  const c3 = stage(c2, 16, 16);
  const top = e.conv(c3, { from: 16, to: 16, kernel: [1, 1] });
  const below = e.conv(c2, { from: 16, to: 16, kernel: [1, 1] });
  const levels = [e.node('Add', [below, enlarged(e, top, below)]), top];
  const trunk = e.filters({ from: 16, to: 16 });
  const outputs = [
    { name: 'scores', width: 5, sigmoid: true },
    { name: 'boxes', width: 4, sigmoid: false },
  ].map(({ name, width, sigmoid }) => {
    const filters = e.filters({ from: 16, to: width, dead: false });
    const rows = levels.map((level) => {
      const features = e.node('Relu', [e.conv(level, { from: 16, to: 16 }, trunk)]);
      return flattened(e, e.conv(features, { from: 16, to: width }, filters), width);
    });
    const all = e.node('Concat', rows, { axis: 1 });
    return { name, value: sigmoid ? e.node('Sigmoid', [all]) : all };
  });
  for (const { name, value } of outputs) e.output(value, name);
  return e;
}

/** [N, width, H, W] → [N, H·W, width]. */
function flattened(e: Export, x: Value, width: number): Value {
  const last = e.node('Transpose', [x], { perm: [0, 2, 3, 1] });
  const batch = e.variant.batch === 'fixed' ? 1 : sizeOf(e, x, 0);
  return e.node('Reshape', [last, sizes(e, [batch, -1, width])]);
}
