import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { random } from '../numeric/random.ts';
import { elementCount, type Float32Tensor, filled, floats } from '../numeric/tensor.ts';

export interface ConvolutionSettings {
  readonly filters: number;
  /** Kernel size; default 3. */
  readonly kernel?: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly group?: number;
  /** Whether to add a bias, initially 0; default false. */
  readonly bias?: boolean;
}

/**
 * Builds layers with parameters initialised by seed. Parameters are named as in PyTorch: `NAME.weight`, `NAME.running_mean` …
 */
export interface Layers {
  readonly g: Builder;
  /** x ⋆ w, padded by ⌊kernel/2⌋; w ~ N(0, 2/fan-out), fan-out = filters·kernel²/group (He et al., ICCV 2015). */
  convolution(x: Value, name: string, settings: ConvolutionSettings): Value;
  /** γ·(x − μ)/√(σ² + 1e-5) + β, with initial β = 0, μ = 0, σ² = 1, and γ of {@link LayerSettings}. */
  batchNormalization(x: Value, name: string): Value;
  /** x·Wᵀ + b, with W and b uniform in ±1/√fan-in (as in PyTorch's Linear). */
  linear(x: Value, name: string, features: number): Value;
}

export interface LayerSettings {
  readonly seed: number;
  /** Initial γ of every BatchNormalization; Network Slimming and stripe-wise pruning use 0.5. */
  readonly gamma: number;
}

/**
 * Layers that are appended to a builder's graph. Equal seeds give equal parameters; each layer has its own stream of random
 * numbers.
 */
export function layersOf(g: Builder, { seed, gamma }: LayerSettings): Layers {
  let drawn = 0;
  const normals = (shape: readonly number[], deviation: number) => {
    const { normal } = random(seed, drawn++);
    return draw(shape, () => deviation * normal());
  };
  const uniforms = (shape: readonly number[], bound: number) => {
    const { uniform } = random(seed, drawn++);
    return draw(shape, () => bound * (2 * uniform() - 1));
  };

  return {
    g,
    convolution(x, name, { filters, kernel = 3, stride = 1, group = 1, bias = false }) {
      const shape = [filters, channelsOfMap(x) / group, kernel, kernel];
      const fanOut = (filters * kernel * kernel) / group;
      const weight = g.constant(normals(shape, Math.sqrt(2 / fanOut)), `${name}.weight`);
      const shift = bias ? g.constant(filled([filters], 0), `${name}.bias`) : null;
      const window = centred(kernel, stride);
      return g.named(name).Conv(x, weight, shift, { ...window, ...(group > 1 && { group }) });
    },
    batchNormalization(x, name) {
      const parameter = (part: string, value: number) =>
        g.constant(filled([channelsOfMap(x)], value), `${name}.${part}`);
      const [scale, bias] = [parameter('weight', gamma), parameter('bias', 0)];
      const [mean, variance] = [parameter('running_mean', 0), parameter('running_var', 1)];
      return g
        .named(name)
        .BatchNormalization(x, scale, bias, mean, variance, { epsilon: 1e-5, momentum: 0.9 });
    },
    linear(x, name, features) {
      const fanIn = channelsOfMap(x);
      const bound = 1 / Math.sqrt(fanIn);
      const weight = g.constant(uniforms([features, fanIn], bound), `${name}.weight`);
      const bias = g.constant(uniforms([features], bound), `${name}.bias`);
      return g.named(name).Gemm(x, weight, bias, { transB: 1 });
    },
  };
}

/** A square window with padding ⌊kernel/2⌋. */
function centred(kernel: number, stride: number) {
  const pad = Math.floor(kernel / 2);
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
}

/** The number of channels of an activation [N, C, …]. */
export const channelsOfMap = (x: Value): number => x.shape![1] as number;

function draw(shape: readonly number[], next: () => number): Float32Tensor {
  const data = new Float32Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = next();
  return floats(shape, data);
}
