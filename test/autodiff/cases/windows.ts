import fc from 'fast-check';
import type { GradientCase } from '../gradient-check.ts';

const SEED = 2026;

/** One axis of a window, on an input that it fits into. */
const axis = fc
  .record({
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    begin: fc.integer({ min: 0, max: 2 }),
    end: fc.integer({ min: 0, max: 2 }),
    room: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ room, ...rest }) => ({ ...rest, size: (rest.kernel - 1) * rest.dilation + 1 + room }));

const grouping = fc.constantFrom(
  { group: 1, channels: 3, filters: 2 },
  { group: 1, channels: 8, filters: 4 },
  { group: 2, channels: 4, filters: 6 },
  { group: 3, channels: 3, filters: 3 },
  { group: 2, channels: 2, filters: 4 },
  { group: 1, channels: 2, filters: 40 },
  { group: 2, channels: 4, filters: 80 },
);

const windows = (rank: number) =>
  fc.record({
    axes: fc.array(axis, { minLength: rank, maxLength: rank }),
    grouping,
    bias: fc.boolean(),
    auto_pad: fc.constantFrom('NOTSET', 'NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  });

type Window = ReturnType<typeof windows> extends fc.Arbitrary<infer T> ? T : never;

const lists = ({ axes, auto_pad }: Window) => ({
  strides: axes.map(({ stride }) => stride),
  // onnxruntime takes no dilations with SAME.
  dilations: axes.map(({ dilation }) => (auto_pad.startsWith('SAME') ? 1 : dilation)),
  ...(auto_pad === 'NOTSET'
    ? { pads: [...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)] }
    : { auto_pad }),
});

function convolution(window: Window): GradientCase {
  const { group, channels, filters } = window.grouping;
  const kernel = window.axes.map((one) => one.kernel);
  const attributes = { group, ...lists(window) };
  return {
    op: 'Conv',
    title: JSON.stringify({ kernel, channels, filters, ...attributes }),
    shapes: [
      [2, channels, ...window.axes.map(({ size }) => size)],
      [filters, channels / group, ...kernel],
      ...(window.bias ? [[filters]] : []),
    ],
    build: (g, [x, w, b]) => g.Conv(x, w, b, attributes),
  };
}

function transposedConvolution(window: Window): GradientCase {
  const { group, channels, filters } = window.grouping;
  const kernel = window.axes.map((one) => one.kernel);
  // Pads take from the result here: less than the kernel reaches.
  const begins = window.axes.map((one) => Math.min(one.begin, Math.floor((one.kernel - 1) / 2)));
  const padding = window.axes.map(({ stride }) => stride - 1);
  const { strides, dilations } = lists(window);
  const attributes = { group, strides, dilations, pads: [...begins, ...begins], output_padding: padding };
  return {
    op: 'ConvTranspose',
    title: JSON.stringify({ kernel, channels, filters, ...attributes }),
    shapes: [
      [2, channels, ...window.axes.map(({ size }) => size)],
      [channels, filters / group, ...kernel],
      ...(window.bias ? [[filters]] : []),
    ],
    build: (g, [x, w, b]) => g.ConvTranspose(x, w, b, attributes),
  };
}

/** The size of the result is stated; pads make up for it. */
const sizedTransposed = (['SAME_UPPER', 'SAME_LOWER', 'output_shape'] as const).flatMap(
  (stated): GradientCase[] =>
    [2, 3].map((stride) => {
      const size =
        stated === 'output_shape' ? { output_shape: [4 * stride, 3 * stride] } : { auto_pad: stated };
      const attributes = { strides: [stride, stride], ...size };
      return {
        op: 'ConvTranspose',
        title: JSON.stringify(attributes),
        shapes: [
          [2, 3, 4, 3],
          [3, 2, 4, 5],
        ],
        build: (g, [x, w]) => g.ConvTranspose(x, w, null, attributes),
      };
    }),
);

/** A pool's pads must be smaller than its kernel, and every window must see the input. */
function poolAttributes(window: Window) {
  const kernel = window.axes.map((one) => Math.max(2, one.kernel));
  const pads = [
    ...window.axes.map(({ begin }, i) => Math.min(begin, kernel[i]! - 1)),
    ...window.axes.map(({ end }, i) => Math.min(end, kernel[i]! - 1)),
  ];
  const { auto_pad } = window;
  const placing = auto_pad === 'NOTSET' ? { pads } : { auto_pad };
  const size = window.axes.map((one, i) => (kernel[i]! - 1) * one.dilation + 2 + (one.size % 3));
  // Longer strides leave gaps, where onnxruntime computes negative pads for SAME.
  const strides = window.axes.map(({ stride }, i) => Math.min(stride, kernel[i]!));
  return { size, kernel_shape: kernel, strides, ...placing };
}

function maxPool(window: Window, index: number): GradientCase {
  const { size, ...attributes } = poolAttributes(window);
  const dilations = window.axes.map(({ dilation }) => dilation);
  // Only without auto_pad: onnxruntime and the standard differ on SAME with dilations.
  const more = 'auto_pad' in attributes ? {} : index % 2 ? { dilations } : roundedUp(attributes.pads!);
  return {
    op: 'MaxPool',
    title: JSON.stringify({ size, ...attributes, ...more }),
    shapes: [[2, 2, ...size]],
    domains: ['distinct'],
    build: (g, [x]) => g.MaxPool(x, { ...attributes, ...more }),
  };
}

/** Without pads at the end no window starts there, which onnxruntime's shape inference would count. */
const roundedUp = (pads: readonly number[]) => ({
  ceil_mode: 1,
  pads: pads.map((pad, i) => (i < pads.length / 2 ? pad : 0)),
});

function averagePool(window: Window, index: number): GradientCase {
  const { size, ...attributes } = poolAttributes(window);
  const all = { ...attributes, count_include_pad: index % 2 };
  return {
    op: 'AveragePool',
    title: JSON.stringify({ size, ...all }),
    shapes: [[2, 2, ...size]],
    build: (g, [x]) => g.AveragePool(x, all),
  };
}

const drawn = (rank: number, count: number, seed: number): Window[] =>
  fc.sample(windows(rank), { numRuns: count, seed: SEED + seed });

interface Layer {
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly group?: number;
  readonly dilation?: number;
}

const layers: readonly Layer[] = [
  { channels: 8, filters: 6, kernel: [3, 3] },
  { channels: 9, filters: 5, kernel: [1, 1] },
  { channels: 8, filters: 4, kernel: [3, 3], dilation: 2 },
  { channels: 8, filters: 4, kernel: [1, 3] },
  { channels: 16, filters: 6, kernel: [3, 3], group: 2 },
  { channels: 4, filters: 4, kernel: [3, 3], group: 4 },
  { channels: 4, filters: 8, kernel: [5, 3], group: 4 },
];

/** The layers that networks are made of: strides of 1, the size kept. */
const usual = layers.map(({ channels, filters, kernel, group = 1, dilation = 1 }): GradientCase => {
  const pads = kernel.map((length) => ((length - 1) / 2) * dilation);
  const attributes = { group, pads: [...pads, ...pads], dilations: [dilation, dilation] };
  return {
    op: 'Conv',
    title: JSON.stringify({ kernel, channels, filters, ...attributes }),
    shapes: [
      [2, channels, 6, 5],
      [filters, channels / group, ...kernel],
    ],
    build: (g, [x, w]) => g.Conv(x, w, attributes),
  };
});

/** Convolutions and pools with generated attributes, and the usual layers. */
export const windowCases: readonly GradientCase[] = [
  ...usual,
  ...[...drawn(2, 40, 1), ...drawn(1, 10, 2), ...drawn(3, 6, 3)].map(convolution),
  ...[...drawn(2, 12, 4), ...drawn(1, 4, 5)].map(transposedConvolution),
  ...sizedTransposed,
  ...[...drawn(2, 16, 6), ...drawn(1, 6, 7), ...drawn(3, 4, 8)].map(maxPool),
  ...[...drawn(2, 16, 9), ...drawn(1, 6, 10), ...drawn(3, 4, 11)].map(averagePool),
  { op: 'GlobalAveragePool', shapes: [[2, 3, 4, 5]], build: (g, [x]) => g.GlobalAveragePool(x) },
  { op: 'GlobalMaxPool', shapes: [[2, 3, 4]], domains: ['distinct'], build: (g, [x]) => g.GlobalMaxPool(x) },
];
