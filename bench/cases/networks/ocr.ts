import { type Export, openExport, type Variant } from '../export.ts';
import { batchNormalization, squeezed } from '../forms.ts';

export const image = { height: 16, width: 48, free: 'width' } as const;

/** A text line: convolutions down to a height of one, an LSTM both ways over the columns, scores of ten letters for each. */
export function ocr(variant: Variant): Export {
  const e = openExport(variant, image);
  let x = e.node('Relu', [e.conv(e.image, { from: 3, to: 16 })]);
  x = e.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  x = e.node('Relu', [batchNormalization(e, e.conv(x, { from: 16, to: 16 }), 16)]);
  x = e.node('MaxPool', [x], { kernel_shape: [2, 1], strides: [2, 1] });
  x = e.node('Relu', [e.conv(x, { from: 16, to: 16, kernel: [4, 1], pad: 0 })]);
  const columns = e.node('Transpose', [squeezed(e, x, 2)], { perm: [2, 0, 1] });
  const hidden = 8;
  const gates = [
    e.weights([2, 4 * hidden, 16], 0.3),
    e.weights([2, 4 * hidden, hidden], 0.3),
    e.weights([2, 8 * hidden], 0.1),
  ];
  const read = e.node('LSTM', [columns, ...gates], { hidden_size: hidden, direction: 'bidirectional' });
  const ordered = e.node('Transpose', [read], { perm: [0, 2, 1, 3] });
  const joined = e.node('Reshape', [ordered, e.ints([0, 0, -1])]);
  const scores = e.node('Add', [
    e.node('MatMul', [joined, e.weights([2 * hidden, 10], 0.3)]),
    e.weights([10], 0.1),
  ]);
  e.output(e.node('LogSoftmax', [scores], { axis: 2 }), 'letters');
  return e;
}
