import type { Value } from '../graph/graph.ts';
import { channelsOfMap, type Layers } from './layers.ts';

export interface BlockSettings {
  readonly name: string;
  /** Filters of the 3×3 convolutions. */
  readonly width: number;
  readonly stride: number;
  readonly shortcut: ShortcutBuilder;
}

/** Builds the shortcut of a block, given whether size or channels change. */
export type ShortcutBuilder = (layers: Layers, x: Value, change: ShortcutChange) => Value;

export interface ShortcutChange {
  readonly name: string;
  readonly channels: number;
  readonly stride: number;
}

export type Block = (layers: Layers, x: Value, settings: BlockSettings) => Value;

/** ReLU(x + BN(conv3×3(ReLU(BN(conv3×3(x)))))), with the stride in the first convolution. */
export const basicBlock: Block = (layers, x, { name, width, stride, shortcut }) => {
  const inner = activated(layers, x, { name, index: 1, filters: width, stride });
  const branch = normalized(layers, inner, { name, index: 2, filters: width });
  return activatedSum(layers, branch, {
    name,
    shortcut: shortcut(layers, x, { name, channels: width, stride }),
  });
};

/**
 * ReLU(x + 1×1(3×3(1×1(x)))), each convolution with BatchNormalization, the last four times as wide. The stride is in the 3×3
 * convolution, as in torchvision; in the paper, it is in the first 1×1.
 */
export const bottleneckBlock: Block = (layers, x, { name, width, stride, shortcut }) => {
  const channels = 4 * width;
  const narrow = activated(layers, x, { name, index: 1, filters: width, kernel: 1 });
  const middle = activated(layers, narrow, { name, index: 2, filters: width, stride });
  const branch = normalized(layers, middle, { name, index: 3, filters: channels, kernel: 1 });
  return activatedSum(layers, branch, { name, shortcut: shortcut(layers, x, { name, channels, stride }) });
};

/** Option A: x[:, :, ::s, ::s] between equal numbers of zero channels, without parameters (He et al., section 4.2). */
export const paddedShortcut: ShortcutBuilder = ({ g }, x, { name, channels, stride }) => {
  const missing = channels - channelsOfMap(x);
  if (missing === 0 && stride === 1) return x;
  const end = 2 ** 31 - 1;
  const sampled =
    stride === 1
      ? x
      : g
          .named(`${name}.shortcut.slice`)
          .Slice(x, g.int64s([0, 0]), g.int64s([end, end]), g.int64s([2, 3]), g.int64s([stride, stride]));
  const before = Math.floor(missing / 2);
  const pads = g.int64s([0, before, 0, 0, 0, missing - before, 0, 0]);
  return g.named(`${name}.shortcut.pad`).Pad(sampled, pads);
};

/** Option B: a 1×1 convolution with stride s and BatchNormalization if size or channels change, else x. */
export const projectedShortcut: ShortcutBuilder = (layers, x, { name, channels, stride }) => {
  if (channelsOfMap(x) === channels && stride === 1) return x;
  const projection = layers.convolution(x, `${name}.downsample.0`, { filters: channels, kernel: 1, stride });
  return layers.batchNormalization(projection, `${name}.downsample.1`);
};

/** A convolution of a block with its BatchNormalization, `NAME.convI` and `NAME.bnI`. */
export interface Unit {
  /** Name of the block. */
  readonly name: string;
  readonly index: number;
  readonly filters: number;
  readonly kernel?: number;
  readonly stride?: number;
}

/** BN(conv(x)). */
export function normalized(layers: Layers, x: Value, { name, index, ...settings }: Unit): Value {
  const y = layers.convolution(x, `${name}.conv${index}`, settings);
  return layers.batchNormalization(y, `${name}.bn${index}`);
}

/** ReLU(BN(conv(x))). */
export function activated(layers: Layers, x: Value, unit: Unit): Value {
  return layers.g.named(`${unit.name}.relu${unit.index}`).Relu(normalized(layers, x, unit));
}

/** ReLU(branch + shortcut), the end of a block. */
export function activatedSum(
  { g }: Layers,
  branch: Value,
  { name, shortcut }: { readonly name: string; readonly shortcut: Value },
): Value {
  return g.named(`${name}.relu`).Relu(g.named(`${name}.add`).Add(branch, shortcut));
}
