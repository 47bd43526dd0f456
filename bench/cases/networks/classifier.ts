import { type Export, openExport, type Variant } from '../export.ts';
import { asRows, batchNormalization, dropout, padded, relu6 } from '../forms.ts';

export const image = { height: 32, width: 32, free: 'both' } as const;

/** A stem, a residual block, dropout, a linear layer and Softmax. */
export function classifier(variant: Variant): Export {
  const e = openExport(variant, image);
  const stem = e.conv(padded(e, e.image), { from: 3, to: 16, pad: 0 });
  let x = relu6(e, batchNormalization(e, stem, 16));
  x = e.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  const inner = e.node('Relu', [batchNormalization(e, e.conv(x, { from: 16, to: 16 }), 16)]);
  const branch = batchNormalization(e, e.conv(inner, { from: 16, to: 16 }), 16);
  x = e.node('Relu', [e.node('Add', [branch, x])]);
  x = e.node('Relu', [e.conv(x, { from: 16, to: 24, stride: 2 })]);
  const pooled = dropout(e, asRows(e, e.node('GlobalAveragePool', [x]), 24));
  const scores = e.node('Gemm', [pooled, e.weights([10, 24], 0.3), e.weights([10], 0.1)], { transB: 1 });
  e.output(e.node('Softmax', [scores], { axis: 1 }), 'probabilities');
  return e;
}
