import type { Scope, Step } from '../../scope.ts';
import { addressOf, evenStride, FLOAT, type Geometry } from '../../storage.ts';
import {
  callFilterVectors,
  type FilterVectors,
  type PackedFilters,
  packFilters,
  shareUnits,
} from '../filter-vectors.ts';
import { buffersOf } from '../kernel.ts';
import type { PlacedConvolution } from './direct.ts';
import { livingPositions } from './filter-blocks.ts';
import type { ConvolutionShape } from './read.ts';

/** Pixels whose sums are in registers at once. */
const PIXELS = 4;

/**
 * A convolution with output rows of fewer than four pixels: vectors hold four filters. Kernel positions outside the input are
 * skipped.
 */
export function smallConvolution(placed: PlacedConvolution, scope: Scope): Step {
  const { conv, x, y, residual } = placed;
  const living = livingPositions(conv);
  const { height, width } = y.geometry;
  const tiles = Array.from({ length: Math.ceil((height * width) / PIXELS) }, (_, tile) =>
    Array.from({ length: Math.min(PIXELS, height * width - tile * PIXELS) }, (_, i) => tile * PIXELS + i),
  );
  const perGroup = conv.filters / conv.group;
  const parts = Array.from({ length: conv.group }, (_, group) => {
    const members = Array.from({ length: perGroup }, (_, i) => group * perGroup + i);
    const positions = Array.from({ length: conv.kernel[0] * conv.kernel[1] }, (_, i) => i).filter(
      (position) => members.some((m) => living[m]?.[position]),
    );
    return tiles.map((pixels) => ({
      group,
      pixels,
      packed: packFilters(shapeOf(placed, { group, positions, pixels, living }), scope),
    }));
  }).flat();
  const images = y.planes.length / conv.filters;
  const calls = Array.from({ length: images }, (_, image) =>
    parts.map((part) => ({ image, ...part })),
  ).flat();
  const countOf = ({ packed }: { readonly packed: PackedFilters }) => packed.blocks.length;
  const stripes = living.flat().filter(Boolean).length;
  return {
    name: conv.name,
    op: 'Conv',
    kernel: 'filter vectors',
    macs: images * height * width * stripes * conv.channels,
    reads: [...buffersOf(x.planes), ...(residual ? buffersOf(residual.planes) : [])],
    writes: buffersOf(y.planes),
    units: calls.reduce((sum, call) => sum + countOf(call), 0),
    emit(code, emitter, units) {
      for (const { call, units: own } of shareUnits(calls, countOf, units)) {
        const { image, group, pixels, packed } = call;
        const first = (image * conv.group + group) * conv.channels;
        const inputs = x.planes.slice(first, first + conv.channels);
        const stride = evenStride(inputs);
        const [head] = inputs;
        const place = (map: typeof y) => (m: number, p: number) => {
          const plane = map.planes[image * conv.filters + group * perGroup + m];
          return plane ? addressOf(plane) + pixelOffset(pixels[p] ?? 0, width, map.geometry) : 0;
        };
        callFilterVectors(code, emitter, {
          packed,
          units: own,
          call: {
            input:
              stride === null || !head
                ? { table: emitter.table(inputs.map(addressOf)) }
                : { first: addressOf(head), stride },
            outputs: place(y),
            residual: residual && place(residual),
          },
        });
      }
    },
  };
}

const pixelOffset = (pixel: number, width: number, { rowStride }: Geometry): number =>
  FLOAT * (Math.floor(pixel / width) * rowStride + (pixel % width));

function shapeOf(
  { conv, x, y, fusion }: PlacedConvolution,
  {
    group,
    positions,
    pixels,
    living,
  }: {
    readonly group: number;
    readonly positions: readonly number[];
    readonly pixels: readonly number[];
    readonly living: readonly (readonly boolean[])[];
  },
): FilterVectors {
  const perGroup = conv.filters / conv.group;
  const count = conv.kernel[0] * conv.kernel[1];
  return {
    filters: perGroup,
    taps: positions.length,
    channels: conv.channels,
    offsets: pixels.map((pixel) =>
      positions.map((position) => tapOffset(conv, x.geometry, [pixel, y.geometry.width, position])),
    ),
    weight: (m, c, t) =>
      conv.weights[((group * perGroup + m) * conv.channels + c) * count + (positions[t] ?? 0)] ?? 0,
    uses: (m, t) => living[group * perGroup + m]?.[positions[t] ?? 0] ?? false,
    bias: conv.bias?.subarray(group * perGroup, (group + 1) * perGroup) ?? null,
    fusion,
    firstFilter: group * perGroup,
  };
}

/** The offset that a kernel position reads for an output pixel; null outside the input. */
function tapOffset(
  { kernel, strides, dilations, pads }: ConvolutionShape,
  { height, width, rowStride }: Geometry,
  [pixel, columns, position]: readonly [pixel: number, columns: number, position: number],
): number | null {
  const row =
    Math.floor(pixel / columns) * strides[0] - pads[0] + Math.floor(position / kernel[1]) * dilations[0];
  const column = (pixel % columns) * strides[1] - pads[1] + (position % kernel[1]) * dilations[1];
  const isInside = row >= 0 && row < height && column >= 0 && column < width;
  return isInside ? FLOAT * (row * rowStride + column) : null;
}
