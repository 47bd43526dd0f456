import { type ConstantConvolution, isPadded, isPointwise } from '../../../graph/convolution.ts';
import { isRefusal, type Refusal, refuse } from '../../../graph/edit/refused.ts';
import { nodeName, type Value } from '../../../graph/graph.ts';
import { isOperator } from '../../../graph/operators/index.ts';
import type { Window } from '../../../graph/window.ts';
import { elementCount, floats } from '../../../numeric/tensor.ts';
import { constantConvolution, setConvolution } from '../constant-convolution.ts';
import { tooCostly } from '../growth.ts';
import { type RewriteRule, soleProducer } from '../rewrite-nodes.ts';

interface Pair {
  readonly first: ConstantConvolution;
  readonly second: ConstantConvolution;
}

/** conv₂(conv₁(x)) = conv(x), if one of the two is 1×1. */
export const mergeConvolutions = (growth: number): RewriteRule => ({
  name: 'Conv of Conv',
  ops: ['Conv'],
  rewrite(node, context) {
    const source = soleProducer(node.inputs[0], context);
    if (!isOperator(source, 'Conv')) return null;
    const [first, second] = [constantConvolution(source, context), constantConvolution(node, context)];
    if (isRefusal(first)) return first;
    if (isRefusal(second)) return second;
    const pair = { first, second };
    const group = commonGroup(pair);
    if (group === null) return refuse('mismatch', `its groups are not those of ${nodeName(source)}`);
    const refusal = obstacle(pair) ?? tooCostly(macsAtPlace(pair, group), growth);
    if (refusal) return refusal;
    const weight = product(pair, group);
    const made = { x: first.x, group, weight, bias: bias(pair), window: joined(pair) };
    setConvolution(node, made, context);
    return true;
  },
});

/** The group count of the merged convolution: that of both, or 1 if one of them mixes all channels; null if there is none. */
function commonGroup({ first, second }: Pair): number | null {
  if (first.group === second.group) return first.group;
  return Math.min(first.group, second.group) === 1 ? 1 : null;
}

/** Why the merged layer would differ, for example at borders; null if it is equal. */
function obstacle({ first, second }: Pair): Refusal | null {
  if (isPointwise(second.kernel) && !isPadded(second.window)) return null;
  const name = nodeName(first.node);
  if (!isPointwise(first.kernel)) {
    return isPointwise(second.kernel)
      ? refuse('inexact', `it pads the output of ${name}`)
      : refuse('unsupported', `its kernel and that of ${name} are both larger than 1×1`);
  }
  if (isPadded(first.window)) return refuse('inexact', `${name} is 1×1 and padded`);
  const hasBias = first.bias?.some((shift) => shift !== 0);
  return hasBias && isPadded(second.window)
    ? refuse('inexact', `it pads the output of ${name}, which has a bias`)
    : null;
}

/**
 * The window of the merged convolution: strides multiply; dilations and pads of the second are scaled by the stride of the
 * first.
 */
function joined({ first, second }: Pair): Window {
  const [inner, outer] = [first.window, second.window];
  const strides = inner.strides.map((stride, axis) => stride * (outer.strides[axis] ?? 1));
  if (isPointwise(second.kernel) && !isPadded(outer)) return { ...inner, strides };
  const widened = (list: readonly number[]) =>
    list.map((entry, i) => entry * (inner.strides[i % inner.strides.length] ?? 1));
  const dilations = widened(outer.dilations).map((gap, axis) => (second.kernel[axis] === 1 ? 1 : gap));
  return { strides, dilations, pads: widened(outer.pads) };
}

function macsAtPlace({ first, second }: Pair, group: number) {
  const perGroup = (first.channels * first.group) / group;
  const kernel = Math.max(elementCount(first.kernel), elementCount(second.kernel));
  const [inner, outer] = [first.weight.data.length, second.weight.data.length];
  const before = inner * placesRatio(first, second) + outer;
  return { before, after: second.filters * perGroup * kernel, weights: inner + outer };
}

/** Number of output positions of the first layer per output position of the second. */
function placesRatio(first: ConstantConvolution, second: ConstantConvolution): number {
  const [inner, outer] = [first, second].map(({ node }) => places(node.outputs[0]));
  return inner && outer ? inner / outer : elementCount(second.window.strides);
}

function places(value: Value | null | undefined): number | null {
  const size = value?.shape?.slice(2);
  return size?.every((dim) => typeof dim === 'number') ? elementCount(size as number[]) : null;
}

/** W[m, c, k] = Σ_i W₂[m, i, k₂]·W₁[i, c, k₁], in double precision; either k₁ or k₂ is always 0. */
function product({ first, second }: Pair, group: number) {
  const { filters } = second;
  const [size1, size2] = [elementCount(first.kernel), elementCount(second.kernel)];
  const perGroup = (first.channels * first.group) / group;
  const rows = new Float64Array(filters * perGroup * size1 * size2);
  const [inner, outer] = [first.weight.data, second.weight.data];
  const length = first.channels * size1;
  forEachLink(second, (filter, middle, link) => {
    const from = Math.floor(middle / (first.filters / first.group)) * first.channels;
    const start =
      (filter * perGroup + from - Math.floor(filter / (filters / group)) * perGroup) * size1 * size2;
    for (let k2 = 0; k2 < size2; k2++) {
      const factor = outer[link * size2 + k2]!;
      // Pass-through filters are mostly zero.
      if (factor === 0) continue;
      const row = middle * length;
      for (let i = 0; i < length; i++) rows[start + i * size2 + k2]! += factor * inner[row + i]!;
    }
  });
  const kernel = isPointwise(second.kernel) ? first.kernel : second.kernel;
  return floats([filters, perGroup, ...kernel], rows);
}

/** Calls back for each intermediate channel that each filter reads; `link` is its index in the second layer's weight. */
function forEachLink(
  { filters, channels, group }: ConstantConvolution,
  visit: (filter: number, middle: number, link: number) => void,
): void {
  const groupSize = filters / group;
  for (let filter = 0; filter < filters; filter++) {
    for (let i = 0; i < channels; i++) {
      visit(filter, Math.floor(filter / groupSize) * channels + i, filter * channels + i);
    }
  }
}

/** b[m] = b₂[m] + Σ_i b₁[i]·Σ_k W₂[m, i, k]. */
function bias({ first, second }: Pair): Float64Array | null {
  if (!first.bias && !second.bias) return null;
  const sums = Float64Array.from(second.bias ?? new Float32Array(second.filters));
  const size = elementCount(second.kernel);
  forEachLink(second, (filter, middle, link) => {
    for (let k = 0; k < size; k++) {
      sums[filter]! += second.weight.data[link * size + k]! * (first.bias?.[middle] ?? 0);
    }
  });
  return sums;
}
