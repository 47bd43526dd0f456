import type { Value } from '../../../src/graph/graph.ts';
import { makeConstant } from '../../../src/graph/graph.ts';
import { int64s, makeTensor } from '../../../src/numeric/tensor.ts';
import { type Export, openExport, type Variant } from '../../cases/export.ts';
import {
  asRows,
  batchNormalization,
  enlarged,
  overChannels,
  sizeOf,
  sizes,
  squeezed,
} from '../../cases/forms.ts';

const image = { height: 12, width: 12, free: 'both' } as const;
const CHANNELS = 8;

const stem = (e: Export): Value => e.node('Relu', [e.conv(e.image, { from: 3, to: CHANNELS, stride: 2 })]);

/** Scores of ten classes. */
function classified(e: Export, x: Value, channels: number = CHANNELS): Export {
  const rows = asRows(e, e.node('GlobalAveragePool', [x]), channels);
  e.output(
    e.node('Gemm', [rows, e.weights([10, channels], 0.3), e.weights([10], 0.1)], { transB: 1 }),
    'scores',
  );
  return e;
}

/** A kind of network that begins and ends alike. */
const kind = (middle: (e: Export, x: Value) => Value, since = 7) => ({
  image,
  since,
  build: (variant: Variant) => {
    const e = openExport(variant, image);
    return classified(e, middle(e, stem(e)));
  },
});

/** Networks of two or three layers, each with what others have not. */
export const small = {
  plain: kind((e, x) =>
    e.node('Relu', [batchNormalization(e, e.conv(x, { from: CHANNELS, to: CHANNELS }), CHANNELS)]),
  ),
  residual: kind((e, x) => {
    const branch = e.conv(e.node('Relu', [e.conv(x, { from: CHANNELS, to: CHANNELS })]), {
      from: CHANNELS,
      to: CHANNELS,
    });
    return e.node('Relu', [e.node('Add', [branch, x])]);
  }),
  depthwise: kind((e, x) =>
    e.node('PRelu', [
      e.conv(x, { from: CHANNELS, to: CHANNELS, group: CHANNELS }),
      e.weights([CHANNELS, 1, 1], 0.2),
    ]),
  ),
  transposed: kind((e, x) =>
    e.node('InstanceNormalization', [
      e.node('ConvTranspose', [x, e.weights([CHANNELS, CHANNELS, 2, 2], 0.2)], {
        kernel_shape: [2, 2],
        strides: [2, 2],
      }),
      e.weights([CHANNELS], 1),
      e.weights([CHANNELS], 0.1),
    ]),
  ),
  resized: kind((e, x) =>
    e.node('Add', [enlarged(e, e.conv(x, { from: CHANNELS, to: CHANNELS, stride: 2 }), x), x]),
  ),
  recurrent: kind((e, x) => {
    const rows = squeezed(e, e.node('AveragePool', [x], { kernel_shape: [6, 1], strides: [6, 1] }), 2);
    const columns = e.node('Transpose', [rows], { perm: [2, 0, 1] });
    const gates = [e.weights([1, 3 * CHANNELS, CHANNELS], 0.3), e.weights([1, 3 * CHANNELS, CHANNELS], 0.3)];
    const read = squeezed(e, e.node('GRU', [columns, ...gates], { hidden_size: CHANNELS }), 1);
    const back = e.node('Transpose', [read], { perm: [1, 2, 0] });
    return e.node(
      'Unsqueeze',
      e.variant.opset < 13 ? [back] : [back, e.ints([3])],
      e.variant.opset < 13 ? { axes: [3] } : {},
    );
  }),
  /** Int64 arithmetic of shapes, as exporters of views write it. */
  arithmetic: kind((e, x) => {
    const [rows, columns] = [sizeOf(e, x, 2), sizeOf(e, x, 3)];
    const area = e.node('Mul', [rows, columns]);
    const batch = sizeOf(e, x, 0);
    const half = e.node('Div', [e.ints([CHANNELS]), e.ints([2])]);
    const apart = e.node('Reshape', [x, sizes(e, [batch, 2, half, area])]);
    const swapped = e.node('Transpose', [apart], { perm: [0, 2, 1, 3] });
    return e.node('Reshape', [swapped, sizes(e, [batch, CHANNELS, rows, columns])]);
  }),
  /** Positions made of Range, Expand and Tile, and added. */
  positions: kind((e, x) => {
    const scalar = (value: number) => {
      const made = makeConstant(
        `number${e.graph.initializers.length}`,
        makeTensor('int64', [], BigInt64Array.of(BigInt(value))),
      );
      e.graph.initializers.push(made);
      return made;
    };
    const count = e.node('Squeeze', [sizeOf(e, x, 3)], e.variant.opset < 13 ? { axes: [0] } : {});
    const line = e.node('Cast', [e.node('Range', [scalar(0), count, scalar(1)])], { to: 1 });
    const row = e.node('Reshape', [line, e.ints([1, 1, 1, -1])]);
    const tiled = e.node('Tile', [row, sizes(e, [1, CHANNELS, sizeOf(e, x, 2), 1])]);
    const zeros = e.node('ConstantOfShape', [e.node('Shape', [x])]);
    return e.node('Add', [e.node('Add', [x, e.node('Expand', [tiled, e.node('Shape', [tiled])])]), zeros]);
  }, 11),
  gated: kind((e, x) => {
    const spatial = e.node('Sigmoid', [overChannels(e, 'ReduceMean', x)]);
    const squeezed = e.node('Sigmoid', [
      e.conv(e.node('GlobalMaxPool', [x]), { from: CHANNELS, to: CHANNELS, kernel: [1, 1] }),
    ]);
    return e.node('Mul', [e.node('Mul', [spatial, x]), squeezed]);
  }),
  /** Attention over positions. */
  attention: kind((e, x) => {
    const flat = e.node('Reshape', [x, e.ints([0, CHANNELS, -1])]);
    const tokens = e.node('Transpose', [flat], { perm: [0, 2, 1] });
    const linear = (from: Value) => e.node('MatMul', [from, e.weights([CHANNELS, CHANNELS], 0.3)]);
    const [q, k, v] = [linear(tokens), linear(tokens), linear(tokens)] as const;
    const scores = e.node('Softmax', [e.node('MatMul', [q, e.node('Transpose', [k], { perm: [0, 2, 1] })])], {
      axis: 2,
    });
    const mixed = e.node('Add', [linear(e.node('MatMul', [scores, v])), tokens]);
    const normal =
      e.variant.opset < 17
        ? mixed
        : e.node('LayerNormalization', [mixed, e.weights([CHANNELS], 1)], { axis: -1 });
    return e.node(
      'Unsqueeze',
      e.variant.opset < 13
        ? [e.node('Transpose', [normal], { perm: [0, 2, 1] })]
        : [e.node('Transpose', [normal], { perm: [0, 2, 1] }), e.ints([3])],
      e.variant.opset < 13 ? { axes: [3] } : {},
    );
  }),
  /** 8-bit integers between two scales, for the activations and the weights of a convolution. */
  quantized: kind((e, x) => {
    const zero = makeConstant('zero', makeTensor('int8', [], Int8Array.of(0)));
    const weight = makeConstant(
      'integers',
      makeTensor(
        'int8',
        [CHANNELS, CHANNELS, 3, 3],
        Int8Array.from({ length: 9 * CHANNELS * CHANNELS }, (_, i) => ((i * 37) % 255) - 127),
      ),
    );
    e.graph.initializers.push(zero, weight);
    const scale = e.constants([], [0.02]);
    const through = e.node('DequantizeLinear', [e.node('QuantizeLinear', [x, scale, zero]), scale, zero]);
    const filters = e.node('DequantizeLinear', [weight, e.constants([], [0.01]), zero]);
    return e.node('Relu', [e.node('Conv', [through, filters], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })]);
  }, 11),
  detected: {
    image,
    since: 11,
    build: (variant: Variant) => {
      const e = openExport(variant, image);
      const features = e.conv(stem(e), { from: CHANNELS, to: 5, kernel: [1, 1], dead: false });
      const rows = e.node('Transpose', [e.node('Reshape', [features, e.ints([0, 5, -1])])], {
        perm: [0, 2, 1],
      });
      const last = (from: number, to: number) =>
        e.node('Slice', [rows, e.ints([from]), e.ints([to]), e.ints([2])]);
      const scores = e.node('Transpose', [e.node('Sigmoid', [last(4, 5)])], { perm: [0, 2, 1] });
      e.graph.initializers.push(makeConstant('most', int64s([5])));
      const [most] = e.graph.initializers.slice(-1) as [Value];
      const kept = e.node('NonMaxSuppression', [
        last(0, 4),
        scores,
        most,
        e.constants([1], [0.5]),
        e.constants([1], [0.1]),
      ]);
      e.output(last(0, 4), 'boxes');
      e.output(kept, 'kept');
      kept.dtype = 'int64';
      return e;
    },
  },
  denoised: {
    image,
    build: (variant: Variant) => {
      const e = openExport(variant, image);
      const inner = e.node('LeakyRelu', [e.conv(e.image, { from: 3, to: CHANNELS })], {
        alpha: { float: 0.1 },
      });
      const wide = e.node('DepthToSpace', [e.conv(inner, { from: CHANNELS, to: 12, dead: false })], {
        blocksize: 2,
      });
      e.output(e.node('Tanh', [wide]), 'picture');
      return e;
    },
  },
} as const;
