import type { ChannelCoupling, CoupledLayer } from '../channels/coupling/scope.ts';
import { nodeName } from '../graph/graph.ts';
import type { UntiedBlock } from './untie.ts';

/** A channel that a block carries from its input to its sum, by channel sets. */
export interface CarriedChannel {
  /** The name of the block's Add. */
  readonly block: string;
  readonly set: number;
  /** The channel of x that it copies; null if the channels of x cannot be removed. */
  readonly input: number | null;
  /** The channels of the sum that it is added to; empty if the shortcut mixes channels. */
  readonly outputs: readonly number[];
}

/** The channels that the blocks of an untied network carry. */
export function carriedChannels(
  { layers, readings, sets }: ChannelCoupling,
  blocks: readonly UntiedBlock[],
): CarriedChannel[] {
  const named = new Map(layers.map((layer) => [nodeName(layer.node), layer]));
  const read = new Map(readings.map(({ node, channels }) => [node, channels.labels]));
  return blocks.flatMap(({ add, reserve, merge }) => {
    const layer = named.get(reserve);
    const merging = merge === null ? undefined : named.get(merge);
    if (!layer) return [];
    const weights = weightsOf(layer);
    return Array.from({ length: layer.count }, (_, l): CarriedChannel => {
      const label = read.get(layer.node)?.[weights.columnsOf(l)[0] ?? -1];
      const outputs = merging ? weightsOf(merging).rowsOf(l) : [];
      return {
        block: add,
        set: sets.find(layer.first + l),
        input: label === undefined ? null : sets.find(label),
        outputs: outputs.map((row) => sets.find(merging!.first + row)),
      };
    });
  });
}

/** Whether a carried channel loses its input, or all of its outputs: it needs an input and an output. */
export const isStray = ({ input, outputs }: CarriedChannel, isRemoved: (set: number) => boolean): boolean =>
  (input !== null && isRemoved(input)) || (outputs.length > 0 && outputs.every(isRemoved));

/** `removed` with the carried channels that lose their input, or all of their outputs. */
export function withoutStrays(carried: readonly CarriedChannel[], removed: ReadonlySet<number>): Set<number> {
  const strays = carried.filter((channel) => isStray(channel, (set) => removed.has(set)));
  return new Set([...removed, ...strays.map(({ set }) => set)]);
}

/** The positions of the non-zero weights of a 1×1 convolution. */
function weightsOf({ node, count }: CoupledLayer) {
  const data = node.inputs[1]!.tensor!.data as Float32Array;
  const columns = data.length / count;
  const range = (length: number) => [...Array(length).keys()];
  return {
    columnsOf: (row: number) => range(columns).filter((column) => data[row * columns + column] !== 0),
    rowsOf: (column: number) => range(count).filter((row) => data[row * columns + column] !== 0),
  };
}
