import { type Node, requiredInput, type Value } from '../../../graph/graph.ts';
import { attributesOf } from '../../../graph/operators/index.ts';
import type { Window } from '../../../graph/window.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import { affineOf } from '../batch-normalization-folding.ts';
import { constantConvolution, isPadded, windowOf } from '../constant-convolution.ts';
import type { FoldContext } from '../fold-context.ts';
import { nameOf } from '../rewrite-nodes.ts';

/** A linear map from x to a term of a sum. */
export interface Branch {
  /** What computes the term; null: nothing does, it is x. */
  readonly node: Node | null;
  readonly kernel: readonly number[];
  readonly window: Window;
  /** Output channels. */
  readonly channels: number;
  /** null: each channel is a multiple of its own input, in groups of any number. */
  readonly group: number | null;
  /** The weight at [row, tap], rows being [M, C/group] and taps the kernel's; of a null group at [channel, tap]. */
  readonly weight: (row: number, tap: number) => number;
  readonly bias: ArrayLike<number> | null;
}

/** The term as a function of x: null where it is none, a reason where it is one that cannot be merged. */
export function branchOf(term: Value, x: Value, context: FoldContext): Branch | string | null {
  if (term === x) return identity(x);
  const node = context.producer.get(term);
  if (node?.domain !== '' || node.inputs[0] !== x) return null;
  const row = Object.hasOwn(rows, node.op) ? rows[node.op]! : null;
  if (!row) return null;
  return context.uses.get(term)!.length > 1
    ? `the output of ${nameOf(node)} is also read elsewhere`
    : row(node, context);
}

type BranchRow = (node: Node, context: FoldContext) => Branch | string | null;

const rows: Readonly<Record<string, BranchRow>> = {
  Conv(node, context) {
    const convolution = constantConvolution(node, context);
    if (typeof convolution === 'string') return convolution;
    const { kernel, window, group, bias, weight } = convolution;
    const size = elementCount(kernel);
    const at = (row: number, tap: number) => weight.data[row * size + tap]!;
    return { node, kernel, window, group, bias, channels: weight.shape[0]!, weight: at };
  },
  BatchNormalization(node, context) {
    const affine = affineOf(node, context);
    const same = identity(requiredInput(node, 0));
    if (typeof affine === 'string' || !same) return typeof affine === 'string' ? affine : null;
    return { ...same, node, weight: (channel) => affine.a[channel]!, bias: affine.s };
  },
  AveragePool(node) {
    const attributes = attributesOf(node, 'AveragePool');
    const kernel = attributes.kernel_shape ?? [];
    const window = windowOf(node, attributes, kernel);
    const channels = channelsOf(requiredInput(node, 0));
    if (!window || channels === null || attributes.ceil_mode) return null;
    if (isPadded(window) && !attributes.count_include_pad)
      return `${nameOf(node)} averages fewer elements at the border`;
    const share = 1 / elementCount(kernel);
    return { node, kernel, window, channels, group: null, weight: () => share, bias: null };
  },
};

/** x itself, as a convolution of ones. */
function identity(x: Value): Branch | null {
  const channels = channelsOf(x);
  if (channels === null || x.shape!.length < 3) return null;
  const ones = x.shape!.slice(2).map(() => 1);
  const window = { strides: ones, dilations: ones, pads: [...ones, ...ones].map(() => 0) };
  return { node: null, kernel: ones, window, channels, group: null, weight: () => 1, bias: null };
}

function channelsOf({ shape }: Value): number | null {
  const channels = shape?.[1];
  return typeof channels === 'number' ? channels : null;
}
