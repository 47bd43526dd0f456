import type { Value } from '../../../src/graph/graph.ts';
import { type Export, openExport, type Variant } from '../export.ts';
import { batchNormalization, halves, sizeOf, sizes } from '../forms.ts';

export const image = { height: 32, width: 32, free: 'both' } as const;

/** Half of the channels goes through a block of depthwise convolution, then both halves are shuffled. */
export function shuffle(variant: Variant): Export {
  const e = openExport(variant, image);
  const point = (x: Value, from: number, to: number) =>
    e.node('Relu', [batchNormalization(e, e.conv(x, { from, to, kernel: [1, 1] }), to)]);
  const x = e.node('Relu', [e.conv(e.image, { from: 3, to: 16, stride: 2 })]);
  const [kept, changed] = halves(e, x, 8);
  const deep = batchNormalization(e, e.conv(point(changed, 8, 8), { from: 8, to: 8, group: 8 }), 8);
  const both = e.node('Concat', [kept, point(deep, 8, 8)], { axis: 1 });
  const features = e.node('Relu', [e.conv(shuffled(e, both), { from: 16, to: 16 })]);
  const rows = e.node('Flatten', [e.node('GlobalAveragePool', [features])], { axis: 1 });
  e.output(e.node('Gemm', [rows, e.weights([10, 16], 0.3), e.weights([10], 0.1)], { transB: 1 }), 'scores');
  return e;
}

/** [N, 16, H, W] → [N, 2, 8, H, W] → [N, 8, 2, H, W] → [N, 16, H, W]. */
function shuffled(e: Export, x: Value): Value {
  const batch = e.variant.batch === 'fixed' ? 1 : sizeOf(e, x, 0);
  const plane = e.variant.sizes === 'fixed' ? [16, 16] : [sizeOf(e, x, 2), sizeOf(e, x, 3)];
  const apart = e.node('Reshape', [x, sizes(e, [batch, 2, 8, ...plane])]);
  const turned = e.node('Transpose', [apart], { perm: [0, 2, 1, 3, 4] });
  return e.node('Reshape', [turned, sizes(e, [batch, 16, ...plane])]);
}
