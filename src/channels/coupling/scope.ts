import { assert } from '../../errors.ts';
import { type Node, nodeLabel, type Value } from '../../graph/graph.ts';
import { type Classes, openClasses } from './channel-sets.ts';
import { type Channels, compressed } from './channels.ts';
import type { ReplaceInput } from './constants.ts';

/** A layer that makes channels: its filters are the channels first, first + 1, …. */
export interface Layer {
  readonly node: Node;
  readonly first: number;
  readonly count: number;
}

/** A parameter whose positions belong to channels, and go with them. */
export interface Slicing {
  readonly value: Value;
  readonly channels: Channels;
  /** What the parameter is to the channels. */
  readonly role: 'filters' | 'inputs' | 'per channel';
  readonly node: Node;
}

/** Where channels end: a layer reads them all and mixes them. */
export interface Reading {
  readonly node: Node;
  readonly index: number;
  readonly channels: Channels;
}

/** Which channels stay. */
export interface Kept {
  has(label: number): boolean;
  /** How many of these positions stay. */
  count(labels: ArrayLike<number>): number;
  /** The positions along one axis that stay; the others must go as whole slices. */
  along(channels: Channels, axis: number): number[];
}

/** A change of a node, beside slicing, that fits it to the channels that stay. */
export type Edit = (kept: Kept, replaceInput: ReplaceInput) => void;

/** What coupling rules do besides saying which channels their outputs carry. */
export interface CouplingScope {
  /** New channels: the filters of a layer. */
  fresh(node: Node, count: number): Int32Array;
  /** Positions that no layer makes, as padding adds them. */
  places(count: number): Int32Array;
  /** The channels at equal positions go together. */
  join(a: Int32Array, b: Int32Array): void;
  /** These channels stay. */
  pin(channels: Channels | null, reason: string): void;
  /** The parameter is cut along; where it is computed, the channels stay. */
  slice(slicing: Slicing): void;
  read(reading: Reading): void;
  edit(edit: Edit): void;
  /** Without the axes along which nothing but members of one class stand. */
  compress(channels: Channels): Channels;
}

/** All that rules found out. */
export interface ChannelCoupling {
  readonly classes: Classes;
  readonly layers: Layer[];
  readonly slicings: Slicing[];
  readonly readings: Reading[];
  readonly edits: Edit[];
  /** The channels that each computed value carries. */
  readonly carried: Map<Value, Channels>;
}

export function openCoupling(): CouplingScope & ChannelCoupling {
  const found: ChannelCoupling = {
    classes: openClasses(),
    layers: [],
    slicings: [],
    readings: [],
    edits: [],
    carried: new Map(),
  };
  const { classes } = found;
  const places = (count: number) => {
    const first = classes.grow(count);
    return Int32Array.from({ length: count }, (_, i) => first + i);
  };
  const pin = (channels: Channels | null, reason: string) => {
    if (!channels) return;
    for (let i = 0; i < channels.labels.length; i++) classes.pin(channels.labels[i]!, reason);
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
      for (let i = 0; i < a.length; i++) classes.join(a[i]!, b[i]!);
    },
    pin,
    slice(slicing) {
      const { value, channels, node } = slicing;
      const sizes = channels.axes.map((axis) => value.tensor?.shape[axis]);
      if (sizes.join() === channels.sizes.join()) {
        found.slicings.push(slicing);
        return;
      }
      const why = value.tensor ? `has [${sizes}] places for [${channels.sizes}] channels` : 'is computed';
      const reason = `meets ${value.name}, which ${why}, in ${nodeLabel(node)}`;
      pin(channels, reason);
      pin(found.carried.get(value) ?? null, reason);
    },
    read: (reading) => void found.readings.push(reading),
    edit: (edit) => void found.edits.push(edit),
    compress: (channels) => compressed(channels, classes.find),
  };
}
