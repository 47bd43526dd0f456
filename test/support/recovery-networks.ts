import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { filled } from '../../src/numeric/tensor.ts';
import { normals } from './run-graph.ts';

/** All networks here take images [N, 3, 32, 32]. */
export const SIZE = 32;

interface LayerOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly depthwise?: boolean;
}

type Layer = (x: Value, filters: number, options?: LayerOptions) => Value;

interface Layers {
  readonly g: Builder;
  /** Convolution and BatchNormalization. */
  readonly linear: Layer;
  /** The same with the activation of the network. */
  readonly layer: Layer;
  /** A 1×1 convolution with a bias. */
  readonly head: Layer;
}

/** A network: features of an image, at some resolutions, and its outputs by name. */
interface Architecture {
  readonly activation: 'Relu' | 'HardSwish' | 'SiLU';
  features(layers: Layers, images: Value): readonly Value[];
  outputs(layers: Layers, features: readonly Value[]): Readonly<Record<string, Value>>;
}

const channelsOf = (x: Value): number => Number(x.shape![1]);
const sizeOf = (x: Value): number => Number(x.shape![2]);

const resized = (g: Builder, x: Value, size: number): Value =>
  g.Resize(x, null, g.floats([1, 1, size / sizeOf(x), size / sizeOf(x)]), null, {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });

/** [N, anchors·width, H, W] of several maps as [N, all anchors, width]. */
const rows = (g: Builder, maps: readonly Value[], width: number): Value => {
  const flat = maps.map((map) =>
    g.Reshape(g.Transpose(map, { perm: [0, 2, 3, 1] }), g.int64s([0, -1, width])),
  );
  return g.Concat(...flat, { axis: 1 });
};

/** Expansion, a depthwise layer, a linear projection, and the input where it fits. */
const invertedResidual = ({ g, linear, layer }: Layers, x: Value, [filters, stride]: [number, number]) => {
  const inner = 3 * channelsOf(x);
  const wide = layer(layer(x, inner, { kernel: 1 }), inner, { stride, depthwise: true });
  const y = linear(wide, filters, { kernel: 1 });
  return stride === 1 && filters === channelsOf(x) ? g.Add(x, y) : y;
};

const mobileFeatures = (layers: Layers, images: Value): Value[] => {
  const block = (x: Value, filters: number, stride = 1) => invertedResidual(layers, x, [filters, stride]);
  const stem = layers.layer(images, 12, { stride: 2 });
  const fine = block(block(stem, 16, 2), 16);
  return [fine, block(block(fine, 24, 2), 24)];
};

export const architectures = {
  /** As torchvision's ssdlite320_mobilenet_v3_large: two maps of boxes and of classes, with depthwise heads. */
  ssdlite: {
    activation: 'HardSwish',
    features: (layers, images) =>
      mobileFeatures(layers, images).map((map) => layers.layer(map, channelsOf(map), { depthwise: true })),
    outputs: ({ g, head }, maps) => ({
      boxes: rows(
        g,
        maps.map((map) => head(map, 8)),
        4,
      ),
      scores: g.Softmax(
        rows(
          g,
          maps.map((map) => head(map, 10)),
          5,
        ),
        { axis: 2 },
      ),
    }),
  },
  /** As torchvision's lraspp_mobilenet_v3_large: a gate of the whole image, classes of both resolutions. */
  lraspp: {
    activation: 'HardSwish',
    features(layers, images) {
      const { g, layer, head } = layers;
      const [low, high] = mobileFeatures(layers, images) as [Value, Value];
      const gate = g.Sigmoid(head(g.GlobalAveragePool(high), 24));
      return [low, g.Mul(layer(high, 24, { kernel: 1 }), gate)];
    },
    outputs: ({ g, head }, [low, high]) => ({
      out: resized(g, g.Add(head(low!, 5), head(resized(g, high!, sizeOf(low!)), 5)), SIZE),
    }),
  },
  /** As torchvision's deeplabv3: residual blocks, dilated convolutions side by side, a mean of the image beside them. */
  deeplabv3: {
    activation: 'Relu',
    features({ g, linear, layer }, images) {
      const block = (x: Value, dilation: number) => {
        const inner = layer(layer(x, channelsOf(x) / 2, { kernel: 1 }), channelsOf(x) / 2, { dilation });
        return g.Relu(g.Add(linear(inner, channelsOf(x), { kernel: 1 }), x));
      };
      const stem = layer(layer(images, 12, { stride: 2 }), 24, { stride: 2 });
      const features = block(block(stem, 1), 2);
      const dilated = [1, 2, 3].map((dilation) => layer(features, 12, { dilation }));
      const whole = resized(g, layer(g.GlobalAveragePool(features), 12, { kernel: 1 }), sizeOf(features));
      return [layer(g.Concat(...dilated, whole, { axis: 1 }), 24, { kernel: 1 })];
    },
    outputs: ({ g, head }, [joined]) => ({ out: resized(g, head(joined!, 5), SIZE) }),
  },
  /** As YOLO, version 8: split bottlenecks with SiLU, pooling of several sizes, a path upwards. */
  yolo: {
    activation: 'SiLU',
    features({ g, layer }, images) {
      const stage = (x: Value, filters: number) => {
        const halves = g.int64s([filters / 2, filters / 2]);
        const [kept, worked] = g.node('Split', [layer(x, filters, { kernel: 1 }), halves], { axis: 1 }, 2);
        const deeper = g.Add(worked!, layer(layer(worked!, filters / 2), filters / 2));
        return layer(g.Concat(kept!, worked!, deeper, { axis: 1 }), filters, { kernel: 1 });
      };
      const pool = (x: Value) =>
        g.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }, 1)[0]!;
      const fine = stage(layer(layer(images, 12, { stride: 2 }), 16, { stride: 2 }), 16);
      const coarse = stage(layer(fine, 24, { stride: 2 }), 24);
      const top = layer(g.Concat(coarse, pool(coarse), pool(pool(coarse)), { axis: 1 }), 24, { kernel: 1 });
      const enlarged = g.Resize(top, null, g.floats([1, 1, 2, 2]), null, {
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      });
      return [stage(g.Concat(enlarged, fine, { axis: 1 }), 16), top].map((map) => layer(map, 16));
    },
    outputs: ({ g, head }, maps) => ({
      boxes: rows(
        g,
        maps.map((map) => head(map, 4)),
        4,
      ),
      scores: g.Sigmoid(
        rows(
          g,
          maps.map((map) => head(map, 3)),
          3,
        ),
      ),
    }),
  },
} satisfies Record<string, Architecture>;

export type ArchitectureName = keyof typeof architectures;

/** A network with random weights. */
export const networkOf = (name: ArchitectureName): Graph =>
  built(name, 1, (layers, images) => architectures[name].features(layers, images));

/** A smooth function of an image in the place of its features, with the same outputs: something that the network can learn. */
export const ruleOf = (name: ArchitectureName): Graph =>
  built(name, 1000, (layers, images) => {
    const { g, head } = layers;
    const sizes = { ssdlite: [8, 4], lraspp: [8, 4], deeplabv3: [8], yolo: [8, 4] }[name];
    return sizes.map((size) => {
      const kernel = SIZE / size;
      const attributes = { kernel_shape: [kernel, kernel], strides: [kernel, kernel] };
      return g.Tanh(head(g.node('AveragePool', [images], attributes, 1)[0]!, 8));
    });
  });

function built(
  name: ArchitectureName,
  seed: number,
  features: (layers: Layers, images: Value) => readonly Value[],
): Graph {
  const architecture: Architecture = architectures[name];
  const g = builderOf(emptyGraph(name));
  const images = g.input('images', 'float32', ['N', 3, SIZE, SIZE]);
  const layers = layersOn(g, architecture.activation, seed);
  const outputs = architecture.outputs(layers, features(layers, images));
  for (const [output, value] of Object.entries(outputs)) g.output(value, output);
  return g.graph;
}

/** Layers with weights drawn from a seed that counts up. */
function layersOn(g: Builder, activation: Architecture['activation'], first: number): Layers {
  let seed = first;
  const conv: Layer = (x, filters, { kernel = 3, stride = 1, dilation = 1, depthwise = false } = {}) => {
    const channels = depthwise ? 1 : channelsOf(x);
    const pad = ((kernel - 1) / 2) * dilation;
    const scale = Math.sqrt(2 / (channels * kernel * kernel));
    const weight = g.constant(normals([filters, channels, kernel, kernel], seed++, scale));
    return g.Conv(x, weight, null, {
      ...{ pads: [pad, pad, pad, pad], strides: [stride, stride], dilations: [dilation, dilation] },
      ...{ group: depthwise ? filters : 1, kernel_shape: [kernel, kernel] },
    });
  };
  const linear: Layer = (x, filters, options) => {
    const vector = (value: number) => g.constant(filled([filters], value));
    return g.BatchNormalization(conv(x, filters, options), vector(1), vector(0.1), vector(0), vector(1));
  };
  const activate = {
    Relu: (x: Value) => g.Relu(x),
    HardSwish: (x: Value) => g.HardSwish(x),
    SiLU: (x: Value) => g.Mul(x, g.Sigmoid(x)),
  }[activation];
  return {
    g,
    linear,
    layer: (x, filters, options) => activate(linear(x, filters, options)),
    head: (x, filters) =>
      g.Add(conv(x, filters, { kernel: 1 }), g.constant(normals([1, filters, 1, 1], seed++, 0.3))),
  };
}
