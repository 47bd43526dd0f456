import { weightGradientForms } from '../../src/autodiff/training-operators/weight-gradient.ts';
import { adjointWindow } from '../../src/autodiff/window.ts';
import type { Builder } from '../../src/graph/builder.ts';
import type { Value } from '../../src/graph/graph.ts';
import type { Comparison, Form } from '../decompositions.ts';

interface Layer {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
}

const layers: readonly Layer[] = (
  [
    [128, 16, 32, 16, 3, 1],
    [128, 32, 16, 32, 3, 1],
    [128, 64, 8, 64, 3, 1],
    [64, 64, 32, 64, 3, 1],
    [64, 128, 16, 128, 3, 1],
    [128, 512, 4, 512, 3, 1],
    [128, 3, 32, 16, 3, 1],
    [128, 16, 32, 32, 3, 2],
    [128, 32, 16, 64, 3, 2],
    [128, 256, 8, 512, 3, 2],
    [128, 16, 32, 32, 1, 2],
    [128, 64, 16, 64, 1, 1],
  ] as const
).map(([batch, channels, size, filters, kernel, stride]) => ({
  batch,
  channels,
  size,
  filters,
  kernel,
  stride,
}));

function describe({ batch, channels, size, filters, kernel, stride }: Layer) {
  const pad = (kernel - 1) / 2;
  const places = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const window = { strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [1, 1] };
  const x = [batch, channels, size, size];
  const dy = [batch, filters, places, places];
  const w = [filters, channels, kernel, kernel];
  const title = `${kernel}×${kernel}/${stride}: ${channels} → ${filters} on ${size}², batch ${batch}`;
  return { title, window, x, dy, w, pad, places };
}

/** x as C images with N channels, dy as M kernels of them. */
function transposedConvolution(layer: Layer): Form {
  const { window } = describe(layer);
  const swap = (g: Builder, value: Value) => g.Transpose(value, { perm: [1, 0, 2, 3] });
  const { kernel } = layer;
  return (g, [x, dy]) => {
    const all = g.Conv(swap(g, x!), swap(g, dy!), { dilations: window.strides, pads: window.pads });
    return swap(g, g.Slice(all, g.int64s([0, 0]), g.int64s([kernel, kernel]), g.int64s([2, 3])));
  };
}

export const weightGradients: readonly Comparison[] = layers.map((layer): Comparison => {
  const { title, window, x, dy, w } = describe(layer);
  const convolution = { ...window, group: 1, size: w };
  const { depthwise: _, ...forms } = weightGradientForms;
  const all = Object.entries(forms).map(([name, form]): [string, Form] => [
    name,
    (g, [a, b]) => form(g, { x: a, dy: b }, convolution),
  ]);
  return {
    title: `weight gradient ${title}`,
    shapes: [x, dy],
    forms: {
      chosen: (g, [a, b]) => g.ConvGradWeight(a, b, convolution),
      ...Object.fromEntries(all),
      'transposed convolution': transposedConvolution(layer),
    },
  };
});

/** Zeros between the elements, then a convolution with the turned kernel. */
function insertedZeros(layer: Layer): Form {
  const { x, dy, pad, places } = describe(layer);
  const { kernel, stride, batch, filters, size } = layer;
  const [begin, end] = [kernel - 1 - pad, size - places * stride + pad];
  return (g, [gradient, w]) => {
    const blocks = g.Reshape(gradient, g.int64s([batch, filters, places, 1, places, 1]));
    const spread = g.Pad(blocks, g.int64s([0, 0, 0, 0, 0, 0, 0, 0, 0, stride - 1, 0, stride - 1]));
    const wide = g.Reshape(spread, g.int64s([...dy.slice(0, 2), places * stride, places * stride]));
    const turned = g.Slice(
      w,
      g.int64s([-1, -1]),
      g.int64s([-(2 ** 31), -(2 ** 31)]),
      g.int64s([2, 3]),
      g.int64s([-1, -1]),
    );
    const y = g.Conv(wide, g.Transpose(turned, { perm: [1, 0, 2, 3] }), { pads: [begin, begin, end, end] });
    return g.Reshape(y, g.int64s(x));
  };
}

export const inputGradients: readonly Comparison[] = layers.map((layer): Comparison => {
  const { title, window, x, dy, w } = describe(layer);
  const adjoint = adjointWindow(window, { kernel: w.slice(2), places: dy.slice(2), size: x.slice(2) });
  return {
    title: `input gradient ${title}`,
    shapes: [dy, w],
    forms: {
      chosen: (g, [a, b]) => g.ConvGradInput(a, b, { ...window, size: x }),
      ConvTranspose: (g, [a, b]) => g.ConvTranspose(a, b, adjoint),
      'inserted zeros': insertedZeros(layer),
    },
  };
});
