import type { Value } from '../../../src/graph/graph.ts';
import { type Export, openExport, type Variant } from '../export.ts';
import { asRows, batchNormalization, overChannels, relu6 } from '../forms.ts';

export const image = { height: 32, width: 32, free: 'both' } as const;

/** Gates over positions and channels, each operand order of Mul once. */
export function attention(variant: Variant): Export {
  const e = openExport(variant, image);
  const sigmoid = (x: Value) => e.node('Sigmoid', [x]);
  const pointwise = (x: Value, from: number, to: number, dead = true) =>
    e.conv(x, { from, to, kernel: [1, 1], dead });
  const x = relu6(e, batchNormalization(e, e.conv(e.image, { from: 3, to: 16 }), 16));
  const gate = e.node('Relu', [e.node('Add', [pointwise(x, 16, 8), pointwise(e.node('Relu', [x]), 16, 8)])]);
  const gated = e.node('Mul', [x, sigmoid(pointwise(gate, 8, 1, false))]);
  const squeezed = e.node('Relu', [pointwise(e.node('GlobalAveragePool', [gated]), 16, 8)]);
  const excited = e.node('Mul', [sigmoid(pointwise(squeezed, 8, 16, false)), gated]);
  const wide = e.node('Relu', [e.conv(excited, { from: 16, to: 16, stride: 2 })]);
  const planes = [overChannels(e, 'ReduceMean', wide), overChannels(e, 'ReduceMax', wide)];
  const spatial = sigmoid(e.conv(e.node('Concat', planes, { axis: 1 }), { from: 2, to: 1, dead: false }));
  const features = e.node('Relu', [e.conv(e.node('Mul', [spatial, wide]), { from: 16, to: 16 })]);
  const rows = asRows(e, e.node('GlobalMaxPool', [features]), 16);
  e.output(e.node('Gemm', [rows, e.weights([10, 16], 0.3), e.weights([10], 0.1)], { transB: 1 }), 'scores');
  return e;
}
