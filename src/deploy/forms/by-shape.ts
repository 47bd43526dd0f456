import type { Builder } from '../../graph/builder.ts';
import type { Value } from '../../graph/graph.ts';
import { floats } from '../../numeric/tensor.ts';
import type { Convolution } from './convolution.ts';

/** A rectangle of kernel positions: rows [top, bottom], columns [left, right], inclusive. */
interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Filters that share a cropped kernel. */
interface ShapeGroup {
  readonly box: Box;
  readonly filters: readonly number[];
}

/** What starting another convolution costs, as MACs, and the block of filters that a vector unit computes at once. */
const LAUNCH_MACS = 200_000;
const BLOCK = 16;

/**
 * The filters partitioned into few groups by the bounding box of their living positions. The boxes that few filters
 * have are merged with others as long as that lowers the estimated cost.
 */
export function shapeGroups(conv: Convolution): ShapeGroup[] {
  const byBox = new Map<string, ShapeGroup>();
  conv.live.forEach((positions, filter) => {
    const box = boundingBox(positions, conv);
    const key = Object.values(box).join();
    const group = byBox.get(key);
    byBox.set(key, { box, filters: [...(group?.filters ?? []), filter] });
  });
  const groups = [...byBox.values()];
  for (let pair = cheapestMerge(groups, conv); pair; pair = cheapestMerge(groups, conv)) {
    const [i, j] = pair;
    groups[i] = merged(groups[i]!, groups[j]!);
    groups.splice(j, 1);
  }
  return groups.map(({ box, filters }) => ({ box, filters: [...filters].sort((a, b) => a - b) }));
}

/** The smallest box around positions; grown where cropping would need negative padding. */
function boundingBox(positions: readonly number[], { kernel: [kH, kW], pads, dilations }: Convolution): Box {
  const rows = positions.map((position) => Math.floor(position / kW));
  const columns = positions.map((position) => position % kW);
  const firstRow = Math.floor(pads[0] / dilations[0]);
  const firstColumn = Math.floor(pads[1] / dilations[1]);
  const lastRow = kH - 1 - Math.floor(pads[2] / dilations[0]);
  const lastColumn = kW - 1 - Math.floor(pads[3] / dilations[1]);
  return {
    top: Math.min(firstRow, kH - 1, ...rows),
    left: Math.min(firstColumn, kW - 1, ...columns),
    bottom: Math.max(lastRow, 0, ...rows),
    right: Math.max(lastColumn, 0, ...columns),
  };
}

const area = ({ top, left, bottom, right }: Box): number => (bottom - top + 1) * (right - left + 1);

const hull = (a: Box, b: Box): Box => ({
  top: Math.min(a.top, b.top),
  left: Math.min(a.left, b.left),
  bottom: Math.max(a.bottom, b.bottom),
  right: Math.max(a.right, b.right),
});

const merged = (a: ShapeGroup, b: ShapeGroup): ShapeGroup => ({
  box: hull(a.box, b.box),
  filters: [...a.filters, ...b.filters],
});

function cost({ box, filters }: ShapeGroup, { channels, output }: Convolution): number {
  const positions = output ? output[0] * output[1] : 256;
  return LAUNCH_MACS + Math.ceil(filters.length / BLOCK) * BLOCK * channels * area(box) * positions;
}

/** The pair of groups whose merging saves most; null where none saves. */
function cheapestMerge(groups: readonly ShapeGroup[], conv: Convolution): [number, number] | null {
  let best: [number, number] | null = null;
  let saved = 0;
  for (let i = 0; i < groups.length; i++) {
    for (let j = i + 1; j < groups.length; j++) {
      const [a, b] = [groups[i]!, groups[j]!];
      const saving = cost(a, conv) + cost(b, conv) - cost(merged(a, b), conv);
      if (saving >= saved) [best, saved] = [[i, j], saving];
    }
  }
  return best;
}

/** The order in which {@link lowerByShape} computes the filters. */
export const shapeOrder = (groups: readonly ShapeGroup[]): number[] =>
  groups.flatMap(({ filters }) => filters);

/**
 * One convolution a group, its kernel cropped to the group's box and its padding with it, concatenated; a Gather
 * restores the order of the filters where it differs.
 */
export function lowerByShape(g: Builder, conv: Convolution, groups: readonly ShapeGroup[]): Value {
  const parts = groups.map((group, i) => croppedConvolution(g.named(`${conv.name}.shape${i}`), conv, group));
  const joined = parts.length === 1 ? parts[0]! : g.Concat(...parts, { axis: 1 });
  const order = shapeOrder(groups);
  if (order.every((filter, i) => filter === i)) return joined;
  const position = new Array<number>(order.length);
  order.forEach((filter, i) => {
    position[filter] = i;
  });
  return g.Gather(joined, g.int64s(position), { axis: 1 });
}

function croppedConvolution(g: Builder, conv: Convolution, { box, filters }: ShapeGroup): Value {
  const { kernel, pads, dilations, strides, bias, channels, weights } = conv;
  const size = [box.bottom - box.top + 1, box.right - box.left + 1] as const;
  const cropped = new Float32Array(filters.length * channels * size[0] * size[1]);
  let at = 0;
  for (const filter of filters) {
    for (let c = 0; c < channels; c++) {
      const first = (filter * channels + c) * kernel[0] * kernel[1];
      for (let i = box.top; i <= box.bottom; i++) {
        for (let j = box.left; j <= box.right; j++) cropped[at++] = weights[first + i * kernel[1] + j]!;
      }
    }
  }
  const weight = constantNamed(g, `${conv.name}.weight`, [filters.length, channels, ...size], cropped);
  const offsets =
    bias &&
    constantNamed(
      g,
      `${conv.name}.bias`,
      [filters.length],
      filters.map((m) => bias[m]!),
    );
  return g.Conv(conv.x, weight, offsets, {
    kernel_shape: [...size],
    strides: [...strides],
    dilations: [...dilations],
    pads: [
      pads[0] - box.top * dilations[0],
      pads[1] - box.left * dilations[1],
      pads[2] - (kernel[0] - 1 - box.bottom) * dilations[0],
      pads[3] - (kernel[1] - 1 - box.right) * dilations[1],
    ],
  });
}

const constantNamed = (g: Builder, name: string, shape: readonly number[], data: ArrayLike<number>): Value =>
  g.constant(floats(shape, data), name);
