import { stridesOf } from '../../../numeric/tensor.ts';
import type { Descriptor, Dnnl } from '../library/api.ts';

/** The memory layouts that kernels can request. */
export interface Layouts {
  /** Row-major. */
  plain(shape: readonly number[]): Descriptor;
  /** Row-major in another order of axes, outermost first. */
  permuted(shape: readonly number[], order: readonly number[]): Descriptor;
  /** Blocked channels if there are enough of them, else row-major. */
  activation(shape: readonly number[]): Descriptor;
  /** The layout that the primitive prefers. */
  any(shape: readonly number[]): Descriptor;
}

/** At least one axis, since oneDNN has no scalars. */
export const dimsOf = (shape: readonly number[]): readonly number[] => (shape.length > 0 ? shape : [1]);

/** Fewer channels than this are row-major: blocks would mostly contain padding. */
const FEWEST_BLOCKED_CHANNELS = 8;

export function openLayouts(dnnl: Dnnl, block: 8 | 16): Layouts {
  const known = new Map<string, Descriptor>();
  const plain = (shape: readonly number[]): Descriptor => {
    const dims = dimsOf(shape);
    const key = dims.join();
    const descriptor = known.get(key) ?? dnnl.describe(dims, { strides: stridesOf(dims) });
    known.set(key, descriptor);
    return descriptor;
  };
  return {
    plain,
    permuted(shape, order) {
      const moving = order.filter((axis) => shape[axis] !== 1);
      if (moving.every((axis, i) => i === 0 || axis > moving[i - 1]!)) return plain(shape);
      const inOrder = stridesOf(order.map((axis) => shape[axis]!));
      return dnnl.describe(shape, { strides: shape.map((_, axis) => inOrder[order.indexOf(axis)]!) });
    },
    activation(shape) {
      const blocked = shape.length >= 3 && shape.length <= 5 && shape[1]! >= FEWEST_BLOCKED_CHANNELS;
      return blocked ? dnnl.describe(shape, { channelBlock: block }) : plain(shape);
    },
    any: (shape) => dnnl.describe(shape, 'any'),
  };
}
