import { assert } from '../../errors.ts';
import { type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { type ChannelSets, openChannelSets } from './channel-sets.ts';
import { type Channels, compressed } from './channels.ts';
import type { ReplaceInput } from './constants.ts';

/** A layer that computes channels: its filters have the labels first, first + 1, …. */
export interface CoupledLayer {
  readonly node: Node;
  readonly first: number;
  readonly count: number;
}

/** A parameter whose indices belong to channels and are removed with them. */
export interface ParameterSlicing {
  readonly value: Value;
  readonly channels: Channels;
  /** Whether indices are the layer's filters, its input channels, or elementwise parameters per channel. */
  readonly role: 'filters' | 'inputs' | 'per channel';
  readonly node: Node;
}

/** An input that a layer reads completely and mixes, so that its channels end. */
export interface ChannelConsumer {
  readonly node: Node;
  readonly index: number;
  readonly channels: Channels;
}

/** The kept channels. */
export interface KeptChannels {
  has(label: number): boolean;
  /** Number of these positions that are kept. */
  count(labels: ArrayLike<number>): number;
  /** The kept indices along one axis; the others must be removed as whole slices. */
  along(channels: Channels, axis: number): number[];
}

/** A change of a node, besides slicing, that adapts it to the kept channels. */
export interface NodeEdit {
  readonly node: Node;
  /** Edits the node, or its counterpart in a copy of the graph. */
  readonly apply: (node: Node, kept: KeptChannels, replaceInput: ReplaceInput) => void;
}

/** The actions of coupling rules, besides returning the channels of outputs. */
export interface CouplingScope {
  /** Adds channels for the filters of a layer. */
  fresh(node: Node, count: number): Int32Array;
  /** Adds channels that no layer computes, such as padding. */
  places(count: number): Int32Array;
  /** Joins the channels with equal indices. */
  join(a: Int32Array, b: Int32Array): void;
  /** Pins these channels. */
  pin(channels: Channels | null, reason: string): void;
  /** Slices the parameter with its channels; pins them if the parameter is computed. */
  slice(slicing: ParameterSlicing): void;
  read(reading: ChannelConsumer): void;
  /** Registers an edit of the node for when channels are removed. */
  edit(node: Node, apply: NodeEdit['apply']): void;
  /** Removes axes along which all labels belong to one channel set. */
  compress(channels: Channels): Channels;
}

/** The channels of a graph: their sets, and everything that changes when some are removed. */
export interface ChannelCoupling {
  readonly sets: ChannelSets;
  readonly layers: CoupledLayer[];
  readonly slicings: ParameterSlicing[];
  readonly readings: ChannelConsumer[];
  readonly edits: NodeEdit[];
  /** The channels of each computed value. */
  readonly carried: Map<Value, Channels>;
}

export function openCoupling(): CouplingScope & ChannelCoupling {
  const found: ChannelCoupling = {
    sets: openChannelSets(),
    layers: [],
    slicings: [],
    readings: [],
    edits: [],
    carried: new Map(),
  };
  const { sets } = found;
  const places = (count: number) => {
    const first = sets.grow(count);
    return Int32Array.from({ length: count }, (_, i) => first + i);
  };
  const pin = (channels: Channels | null, reason: string) => {
    if (!channels) return;
    for (let i = 0; i < channels.labels.length; i++) sets.pin(channels.labels[i]!, reason);
  };
  return {
    ...found,
    places,
    fresh(node, count) {
      const labels = places(count);
      found.layers.push({ node, first: labels[0] ?? 0, count });
      return labels;
    },
    join(a, b) {
      assert(a.length === b.length, `${a.length} channels meet ${b.length}`);
      for (let i = 0; i < a.length; i++) sets.join(a[i]!, b[i]!);
    },
    pin,
    slice(slicing) {
      const { value, channels, node } = slicing;
      const sizes = channels.axes.map((axis) => value.tensor?.shape[axis]);
      if (sizes.join() === channels.sizes.join()) {
        found.slicings.push(slicing);
        return;
      }
      const why = value.tensor ? `has shape [${sizes}] for [${channels.sizes}] channels` : 'is not constant';
      const reason = `it is combined with ${value.name}, which ${why}, in ${nodeLabel(node)}`;
      pin(channels, reason);
      pin(found.carried.get(value) ?? null, reason);
    },
    read: (reading) => void found.readings.push(reading),
    edit: (node, apply) => void found.edits.push({ node, apply }),
    compress: (channels) => compressed(channels, sets.find),
  };
}
