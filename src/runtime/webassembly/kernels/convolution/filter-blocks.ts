import type { ConvolutionShape } from './read.ts';

/** Filters that are computed together, and their non-zero weights. */
export interface FilterBlock {
  readonly filters: readonly number[];
  /** Channels within the filters' group that some filter of the block reads and that are not lone, ascending. */
  readonly channels: readonly number[];
  /** Kernel positions i·kW + j that some filter uses, with the indices in `filters` of the filters that use them. */
  readonly positions: readonly { readonly position: number; readonly keepers: readonly number[] }[];
  /** Stripes of the block: weights that are multiplied per channel. */
  readonly stripes: number;
  /** For each filter, its lone weights. */
  readonly lone: readonly (readonly LoneWeight[])[];
}

/**
 * A weight that is multiplied by itself, outside the straight-line code: channel within the group, kernel position, weight.
 */
export interface LoneWeight {
  readonly channel: number;
  readonly position: number;
  readonly weight: number;
}

/** How each weight of a convolution is computed: in straight-line code, by itself, or not at all. */
export interface WeightPlan {
  /** For each filter and kernel position, whether it has a non-zero weight in a channel that is not lone. */
  readonly living: readonly (readonly boolean[])[];
  /** By group and channel: whether so few filters read the channel that its weights are multiplied one by one. */
  readonly isLone: readonly (readonly boolean[])[];
}

/** The cost of a lone weight, relative to a weight in straight-line code. */
const LONE_COST = 3;

export function planWeights(conv: ConvolutionShape): WeightPlan {
  const all = livingPositions(conv, () => false);
  const perGroup = conv.filters / conv.group;
  const isLone = Array.from({ length: conv.group }, (_, group) => {
    const members = all.slice(group * perGroup, (group + 1) * perGroup);
    const together = members.reduce((sum, living) => sum + living.filter(Boolean).length, 0);
    return Array.from({ length: conv.channels }, (_, c) => LONE_COST * weightsOf(conv, group, c) < together);
  });
  return {
    living: livingPositions(conv, (m, c) => isLone[Math.floor(m / perGroup)]?.[c] ?? false),
    isLone,
  };
}

/** For each filter and kernel position, whether it has a non-zero weight. */
export function livingPositions(
  { weights, filters, channels, kernel }: ConvolutionShape,
  isLeftOut: (filter: number, channel: number) => boolean = () => false,
): boolean[][] {
  const positions = kernel[0] * kernel[1];
  return Array.from({ length: filters }, (_, m) => {
    const living = new Array<boolean>(positions).fill(false);
    for (let c = 0; c < channels; c++) {
      if (isLeftOut(m, c)) continue;
      const first = (m * channels + c) * positions;
      for (let p = 0; p < positions; p++) if (weights[first + p] !== 0) living[p] = true;
    }
    return living;
  });
}

/** The number of non-zero weights with which the filters of a group read a channel. */
function weightsOf(
  { weights, filters, channels, kernel, group }: ConvolutionShape,
  g: number,
  c: number,
): number {
  const positions = kernel[0] * kernel[1];
  const perGroup = filters / group;
  let count = 0;
  for (let m = g * perGroup; m < (g + 1) * perGroup; m++) {
    const first = (m * channels + c) * positions;
    for (let p = first; p < first + positions; p++) if (weights[p] !== 0) count += 1;
  }
  return count;
}

interface BlockOptions {
  readonly size: number;
  readonly plan: WeightPlan;
  /** Filters that are left out because their results are computed elsewhere. */
  readonly except: ReadonlySet<number>;
}

/**
 * Divides the filters of a group into blocks of nearly equal size, at most `size`. Filters with similar skeletons share a
 * block, so that their inputs are loaded once.
 */
export function filterBlocks(conv: ConvolutionShape, group: number, options: BlockOptions): FilterBlock[] {
  const { size, plan, except } = options;
  const perGroup = conv.filters / conv.group;
  const members = Array.from({ length: perGroup }, (_, i) => group * perGroup + i).filter(
    (m) => !except.has(m),
  );
  const ordered = bySimilarity(members, plan.living);
  const count = Math.ceil(ordered.length / size);
  return Array.from({ length: count }, (_, b) => {
    const from = Math.floor((b * ordered.length) / count);
    const to = Math.floor(((b + 1) * ordered.length) / count);
    return blockOf(conv, ordered.slice(from, to), { living: plan.living, isLone: plan.isLone[group] ?? [] });
  });
}

function blockOf(
  conv: ConvolutionShape,
  filters: readonly number[],
  { living, isLone }: { readonly living: WeightPlan['living']; readonly isLone: readonly boolean[] },
): FilterBlock {
  const count = conv.kernel[0] * conv.kernel[1];
  const positions = Array.from({ length: count }, (_, position) => ({
    position,
    keepers: filters.flatMap((m, place) => (living[m]?.[position] ? [place] : [])),
  })).filter(({ keepers }) => keepers.length > 0);
  const stripes = positions.reduce((sum, { keepers }) => sum + keepers.length, 0);
  return {
    filters,
    channels: channelsRead(conv, filters).filter((c) => !isLone[c]),
    positions,
    stripes,
    lone: filters.map((m) => loneWeights(conv, m, isLone)),
  };
}

function loneWeights(
  { weights, channels, kernel }: ConvolutionShape,
  filter: number,
  isLone: readonly boolean[],
): LoneWeight[] {
  const positions = kernel[0] * kernel[1];
  const found: LoneWeight[] = [];
  for (let channel = 0; channel < channels; channel++) {
    if (!isLone[channel]) continue;
    const first = (filter * channels + channel) * positions;
    for (let position = 0; position < positions; position++) {
      const weight = weights[first + position] ?? 0;
      if (weight !== 0) found.push({ channel, position, weight });
    }
  }
  return found;
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

/**
 * Orders filters so that each is followed by the remaining filter with the most similar skeleton, from the fullest on; equal
 * skeletons keep their order.
 */
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

/** The weights of a block in the order in which its code reads them: by channel, position, filter. */
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

/** Multiply-accumulates of a block per pixel. */
export const livingWeights = ({ stripes, channels, lone }: FilterBlock): number =>
  stripes * channels.length + lone.reduce((sum, list) => sum + list.length, 0);
