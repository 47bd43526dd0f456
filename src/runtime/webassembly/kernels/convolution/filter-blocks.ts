import type { ConvolutionShape } from './read.ts';

/** Filters whose results are computed together, and the weights of theirs that are not zero. */
export interface FilterBlock {
  readonly filters: readonly number[];
  /** Channels of the filters' group that some filter of the block reads, ascending. */
  readonly channels: readonly number[];
  /** Kernel positions i·kW + j that some filter keeps, with the places in `filters` of those that keep it. */
  readonly positions: readonly { readonly position: number; readonly keepers: readonly number[] }[];
  /** Weights that are multiplied for each channel. */
  readonly stripes: number;
}

/** For each filter, whether each kernel position has a weight other than zero. */
export function livingPositions({ weights, filters, channels, kernel }: ConvolutionShape): boolean[][] {
  const positions = kernel[0] * kernel[1];
  return Array.from({ length: filters }, (_, m) => {
    const living = new Array<boolean>(positions).fill(false);
    for (let i = m * channels * positions; i < (m + 1) * channels * positions; i++)
      if (weights[i] !== 0) living[i % positions] = true;
    return living;
  });
}

/**
 * The filters of one group in blocks of at most `size`, of nearly equal sizes; filters of similar shape stand together, so
 * that their inputs are loaded once.
 */
export function filterBlocks(
  conv: ConvolutionShape,
  group: number,
  { size, living }: { readonly size: number; readonly living: readonly (readonly boolean[])[] },
): FilterBlock[] {
  const perGroup = conv.filters / conv.group;
  const members = Array.from({ length: perGroup }, (_, i) => group * perGroup + i);
  const ordered = bySimilarity(members, living);
  const count = Math.ceil(perGroup / size);
  return Array.from({ length: count }, (_, b) => {
    const filters = ordered.slice(
      Math.floor((b * perGroup) / count),
      Math.floor(((b + 1) * perGroup) / count),
    );
    return blockOf(conv, filters, living);
  });
}

function blockOf(
  conv: ConvolutionShape,
  filters: readonly number[],
  living: readonly (readonly boolean[])[],
): FilterBlock {
  const count = conv.kernel[0] * conv.kernel[1];
  const positions = Array.from({ length: count }, (_, position) => ({
    position,
    keepers: filters.flatMap((m, place) => (living[m]?.[position] ? [place] : [])),
  })).filter(({ keepers }) => keepers.length > 0);
  const stripes = positions.reduce((sum, { keepers }) => sum + keepers.length, 0);
  return { filters, channels: channelsRead(conv, filters), positions, stripes };
}

function channelsRead({ weights, channels, kernel }: ConvolutionShape, filters: readonly number[]): number[] {
  const positions = kernel[0] * kernel[1];
  const reads = (m: number, c: number): boolean => {
    const first = (m * channels + c) * positions;
    for (let i = first; i < first + positions; i++) if (weights[i] !== 0) return true;
    return false;
  };
  return Array.from({ length: channels }, (_, c) => c).filter((c) => filters.some((m) => reads(m, c)));
}

/** Each filter followed by the one whose shape differs least from its own, from the fullest on; equal shapes in order. */
function bySimilarity(members: readonly number[], living: readonly (readonly boolean[])[]): number[] {
  const shapes = new Map<string, { living: readonly boolean[]; filters: number[] }>();
  for (const m of members) {
    const shape = living[m] ?? [];
    const key = shape.map(Number).join('');
    const known = shapes.get(key);
    if (known) known.filters.push(m);
    else shapes.set(key, { living: shape, filters: [m] });
  }
  const size = (shape: readonly boolean[]): number => shape.filter(Boolean).length;
  const rest = [...shapes.values()].sort((a, b) => size(b.living) - size(a.living));
  const ordered: number[] = [];
  for (let current = rest.shift(); current; ) {
    ordered.push(...current.filters);
    const { living: from } = current;
    let nearest = -1;
    let least = Number.POSITIVE_INFINITY;
    rest.forEach(({ living: to }, i) => {
      const distance = to.reduce((sum, lives, position) => sum + Number(lives !== from[position]), 0);
      if (distance < least) [nearest, least] = [i, distance];
    });
    current = nearest < 0 ? undefined : rest.splice(nearest, 1)[0];
  }
  return ordered;
}

/** The block's weights in the order in which code reads them: by channel, position, filter. */
export function packWeights(
  { weights, channels, kernel }: ConvolutionShape,
  block: FilterBlock,
  paddedChannels: readonly (number | null)[],
): Float32Array {
  const positions = kernel[0] * kernel[1];
  const packed = new Float32Array(paddedChannels.length * block.stripes);
  let at = 0;
  for (const c of paddedChannels) {
    for (const { position, keepers } of block.positions) {
      for (const place of keepers) {
        const m = block.filters[place] ?? 0;
        if (c !== null) packed[at] = weights[(m * channels + c) * positions + position] ?? 0;
        at += 1;
      }
    }
  }
  return packed;
}
