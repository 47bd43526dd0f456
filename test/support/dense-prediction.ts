import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, staticShape, type Value } from '../../src/graph/graph.ts';
import { normals } from './run-graph.ts';

interface LayerOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
}

/** Layers whose weights are drawn from a seed that counts them. */
function layersOn(g: Builder) {
  let seed = 100;
  const conv = (x: Value, filters: number, { kernel = 3, stride = 1, dilation = 1 }: LayerOptions = {}) => {
    const channels = staticShape(x)[1]!;
    const weight = normals([filters, channels, kernel, kernel], seed++, 1 / (kernel * Math.sqrt(channels)));
    const pad = ((kernel - 1) / 2) * dilation;
    return g.Conv(x, g.constant(weight), g.constant(normals([filters], seed++, 0.1)), {
      pads: [pad, pad, pad, pad],
      strides: [stride, stride],
      dilations: [dilation, dilation],
    });
  };
  const silu = (x: Value, filters: number, options?: LayerOptions) => {
    const y = conv(x, filters, options);
    return g.Mul(y, g.Sigmoid(y));
  };
  const relu = (x: Value, filters: number, options?: LayerOptions) => g.Relu(conv(x, filters, options));
  const split = (x: Value, sizes: readonly number[]) =>
    g.node('Split', [x, g.int64s(sizes)], { axis: 1 }, sizes.length);
  const pool = (x: Value, kernel: number, stride: number) => {
    const pad = stride === 1 ? (kernel - 1) / 2 : 0;
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    };
    return g.node('MaxPool', [x], attributes, 1)[0]!;
  };
  return { conv, silu, relu, split, pool };
}

function network(
  size: readonly [number, number],
  build: (g: Builder, x: Value) => Readonly<Record<string, Value>>,
) {
  const graph = emptyGraph('network');
  const g = builderOf(graph);
  for (const [name, value] of Object.entries(build(g, g.input('image', 'float32', [1, 3, ...size]))))
    g.output(value, name);
  return graph;
}

/** A YOLO: split bottlenecks with SiLU, pyramid pooling, a top-down path, boxes from a distribution over distances. */
export const yolo = (): Graph =>
  network([64, 96], (g, image) => {
    const { conv, silu, split, pool } = layersOn(g);
    const bottlenecks = (x: Value, filters: number) => {
      const [kept, worked] = split(silu(x, filters, { kernel: 1 }), [filters / 2, filters / 2]);
      const deeper = g.Add(worked!, silu(silu(worked!, filters / 2), filters / 2));
      return silu(g.Concat(kept!, worked!, deeper, { axis: 1 }), filters, { kernel: 1 });
    };
    const enlarged = (x: Value) =>
      g.Resize(x, null, g.floats([1, 1, 2, 2]), null, {
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      });
    const fine = bottlenecks(silu(silu(image, 8, { stride: 2 }), 16, { stride: 2 }), 16);
    const coarse = bottlenecks(silu(fine, 32, { stride: 2 }), 32);
    const pooled = [coarse, pool(coarse, 5, 1), pool(pool(coarse, 5, 1), 5, 1)];
    const top = silu(g.Concat(...pooled, { axis: 1 }), 32, { kernel: 1 });
    const merged = bottlenecks(g.Concat(enlarged(top), fine, { axis: 1 }), 16);
    const levels = [merged, top].map((level) => {
      const rows = conv(silu(level, 16), 4 * 4 + 3, { kernel: 1 });
      const [, width, height, columns] = staticShape(rows) as [number, number, number, number];
      return g.Reshape(rows, g.int64s([1, width, height * columns]));
    });
    const all = g.Concat(...levels, { axis: 2 });
    const [distances, scores] = split(all, [16, 3]);
    const places = staticShape(all)[2]!;
    const bins = g.Transpose(g.Reshape(distances!, g.int64s([1, 4, 4, places])), { perm: [0, 2, 1, 3] });
    const expected = g.Conv(g.Softmax(bins, { axis: 1 }), g.floats([0, 1, 2, 3], [1, 4, 1, 1]), null);
    const [before, after] = split(g.Reshape(expected, g.int64s([1, 4, places])), [2, 2]);
    const centre = g.constant(normals([1, 2, places], 1));
    const corners = [g.Sub(centre, before!), g.Add(centre, after!)] as const;
    const boxes = g.Concat(g.Div(g.Add(...corners), g.floats(2)), g.Sub(corners[1], corners[0]), { axis: 1 });
    return { detections: g.Concat(g.Mul(boxes, g.floats(8)), g.Sigmoid(scores!), { axis: 1 }) };
  });

/** A DeepLab: dilated convolutions side by side, a mean of the image beside them, bilinear enlargement. */
export const deeplab = (): Graph =>
  network([65, 49], (g, image) => {
    const { conv, relu } = layersOn(g);
    const enlarged = (x: Value, like: Value) =>
      g.Resize(x, null, null, g.int64s([1, staticShape(x)[1]!, ...staticShape(like).slice(2)]), {
        mode: 'linear',
        coordinate_transformation_mode: 'pytorch_half_pixel',
      });
    const features = relu(relu(image, 12, { stride: 2 }), 16, { stride: 2 });
    const dilated = [2, 4, 6].map((dilation) => relu(features, 8, { dilation }));
    const whole = enlarged(relu(g.ReduceMean(features, g.int64s([2, 3])), 8, { kernel: 1 }), features);
    const joined = g.Concat(relu(features, 8, { kernel: 1 }), ...dilated, whole, { axis: 1 });
    return { classes: enlarged(conv(relu(joined, 12), 5, { kernel: 1 }), image) };
  });

/** A U-Net: transposed convolutions, cropped and joined with what the encoder had. */
export const unet = (): Graph =>
  network([44, 36], (g, image) => {
    const { conv, relu, pool } = layersOn(g);
    const up = (x: Value, filters: number, seed: number) =>
      g.ConvTranspose(x, g.constant(normals([staticShape(x)[1]!, filters, 2, 2], seed, 0.2)), null, {
        strides: [2, 2],
      });
    const cropped = (x: Value, like: Value) => {
      const [from, to] = [staticShape(x).slice(2), staticShape(like).slice(2)];
      const starts = from.map((size, axis) => Math.floor((size - to[axis]!) / 2));
      const ends = starts.map((start, axis) => start + to[axis]!);
      return g.Slice(x, g.int64s(starts), g.int64s(ends), g.int64s([2, 3]));
    };
    const first = relu(relu(image, 8), 8);
    const second = relu(pool(first, 2, 2), 16);
    const third = relu(pool(second, 2, 2), 24);
    const upper = up(third, 16, 1);
    const middle = relu(g.Concat(cropped(second, upper), upper, { axis: 1 }), 16);
    const last = up(middle, 8, 2);
    return { mask: g.Sigmoid(conv(relu(g.Concat(first, last, { axis: 1 }), 8), 1, { kernel: 1 })) };
  });
