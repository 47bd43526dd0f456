import type { Value } from '../../../src/graph/graph.ts';
import { type Export, openExport, type Variant } from '../export.ts';
import { batchNormalization, enlarged, padded, sliceFrom } from '../forms.ts';

export const image = { height: 32, width: 32, free: 'both' } as const;

/** An encoder and a decoder that concatenates: a mask of two classes. */
export function unet(variant: Variant): Export {
  const e = openExport(variant, image);
  const block = (x: Value, from: number, to: number, stride = 1) =>
    e.node('Relu', [batchNormalization(e, e.conv(x, { from, to, stride }), to)]);
  const first = e.node('Relu', [e.conv(padded(e, e.image), { from: 3, to: 8, pad: 0 })]);
  const second = block(first, 8, 16, 2);
  const third = block(second, 16, 16, 2);
  const up = block(e.node('Concat', [enlarged(e, third, second), second], { axis: 1 }), 32, 16);
  const full = e.node('Concat', [first, enlarged(e, up, first)], { axis: 1 });
  const last = block(sliceFrom(e, full, { axis: 2, from: 1 }), 24, 8);
  const mask = e.conv(last, { from: 8, to: 2, kernel: [1, 1], dead: false });
  e.output(e.node('Sigmoid', [mask]), 'mask');
  return e;
}
