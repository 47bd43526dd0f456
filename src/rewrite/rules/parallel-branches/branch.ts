import { isPadded } from '../../../graph/convolution.ts';
import { isRefusal, type Refusal, refuse } from '../../../graph/edit/refused.ts';
import { type Node, nodeName, requiredInput, type Value } from '../../../graph/graph.ts';
import { attributesOf, knownOperator, type OperatorName } from '../../../graph/operators/index.ts';
import { fixedWindow, type Window } from '../../../graph/window.ts';
import { elementCount } from '../../../numeric/tensor.ts';
import { affineOf } from '../batch-normalization-folding.ts';
import { constantConvolution } from '../constant-convolution.ts';
import type { RewriteContext } from '../rewrite-context.ts';

/** A linear map from x to a term of a sum. */
export interface Branch {
  /** The node that computes the term; null if the term is x. */
  readonly node: Node | null;
  readonly kernel: readonly number[];
  readonly window: Window;
  /** Number of output channels. */
  readonly channels: number;
  /** Group count; null if each channel is a multiple of its own input, which is possible with any group count. */
  readonly group: number | null;
  /** The weight at [row, tap] of [M, C/group] × kernel; for a null group at [channel, tap]. */
  readonly weight: (row: number, tap: number) => number;
  readonly bias: ArrayLike<number> | null;
}

/** Reads a term as a linear map of x; null if it is none, a refusal if it cannot be merged. */
export function branchOf(term: Value, x: Value, context: RewriteContext): Branch | Refusal | null {
  if (term === x) return identity(x);
  const node = context.producer.get(term);
  const op = node?.inputs[0] === x ? knownOperator(node) : null;
  const row = op && rows[op];
  if (!node || !row) return null;
  return context.uses.get(term)?.length === 1
    ? row(node, context)
    : refuse('shared', `the output of ${nodeName(node)} is also read elsewhere`);
}

type BranchRow = (node: Node, context: RewriteContext) => Branch | Refusal | null;

const rows: { readonly [Op in OperatorName]?: BranchRow } = {
  Conv(node, context) {
    const convolution = constantConvolution(node, context);
    if (isRefusal(convolution)) return convolution;
    const { kernel, window, group, bias, weight, filters } = convolution;
    const size = elementCount(kernel);
    const at = (row: number, tap: number) => weight.data[row * size + tap] ?? 0;
    return { node, kernel, window, group, bias, channels: filters, weight: at };
  },
  BatchNormalization(node, context) {
    const affine = affineOf(node, context);
    if (isRefusal(affine)) return affine;
    const same = identity(requiredInput(node, 0));
    return same && { ...same, node, weight: (channel) => affine.a[channel] ?? 0, bias: affine.s };
  },
  AveragePool(node) {
    const attributes = attributesOf(node, 'AveragePool');
    const kernel = attributes.kernel_shape ?? [];
    const window = fixedWindow(node, attributes, kernel);
    const channels = channelsOf(requiredInput(node, 0));
    if (!window || channels === null || attributes.ceil_mode) return null;
    if (isPadded(window) && !attributes.count_include_pad)
      return refuse('inexact', `${nodeName(node)} averages fewer elements at the border`);
    const share = 1 / elementCount(kernel);
    return { node, kernel, window, channels, group: null, weight: () => share, bias: null };
  },
};

/** x itself, as a convolution with weights 1. */
function identity(x: Value): Branch | null {
  const channels = channelsOf(x);
  const ones = x.shape?.slice(2).map(() => 1) ?? [];
  if (channels === null || ones.length === 0) return null;
  const window = { strides: ones, dilations: ones, pads: [...ones, ...ones].map(() => 0) };
  return { node: null, kernel: ones, window, channels, group: null, weight: () => 1, bias: null };
}

function channelsOf({ shape }: Value): number | null {
  const channels = shape?.[1];
  return typeof channels === 'number' ? channels : null;
}
