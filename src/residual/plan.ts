import type { PlanarConvolution } from '../graph/convolution.ts';
import { isRefusal, type Refusal, refuse } from '../graph/edit/refused.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { leastCommonMultiple } from '../numeric/divisors.ts';
import type { Stage } from './branch.ts';
import type { ValueRange } from './range.ts';
import type { Shortcut } from './shortcut-rules.ts';
import { type Tap, tapsOf } from './taps.ts';

/** A branch, and the channels to carry through it. */
export interface CarryRequest {
  readonly graph: Graph;
  readonly add: Node;
  readonly from: Value;
  /** What the Add reads of the shortcut. */
  readonly side: Value;
  readonly stages: readonly Stage[];
  readonly shortcut: Shortcut;
  /** The range of the carried channels. */
  readonly range: ValueRange;
  /** How they pass convolutions in the middle: through additional filters, or beside them. */
  readonly middle: MiddleForm;
}

/**
 * `widen`: a plain chain, whose middle convolutions are as wide as branch and shortcut together; `concat`: they keep their
 * size.
 */
export type MiddleForm = 'widen' | 'concat';

/** A conversion of a block, checked before anything is changed. */
export interface CarryPlan extends CarryRequest {
  /** The stages from the first convolution on. */
  readonly path: readonly Stage[];
  readonly first: PlanarConvolution;
  readonly last: PlanarConvolution;
  /** Whether the last convolution adds the carried channels; else an appended 1×1 convolution does. */
  readonly mergesInLast: boolean;
  /** The channels of x that are carried: those that the shortcut reads. */
  readonly carried: readonly number[];
  /** How many they are, filled up with zeros to whole groups. */
  readonly width: number;
  /** Whether the first convolution reads x; else x is concatenated with its input. */
  readonly readsDirectly: boolean;
  /** The convolution that also computes the means of an average-pool shortcut. */
  readonly pooling: PlanarConvolution | null;
  /** The kernel positions through which widened convolutions read the carried channels. */
  readonly taps: ReadonlyMap<PlanarConvolution, readonly Tap[]>;
}

/** Plans the conversion of a block, or refuses it. */
export function planCarry(carrying: CarryRequest): CarryPlan | Refusal {
  const { stages, shortcut, add, middle } = carrying;
  const start = stages.findIndex(({ kind }) => kind === 'convolution');
  const convs = stages.flatMap((stage) => (stage.kind === 'convolution' ? [stage.conv] : []));
  const [first, last] = [convs[0], convs.at(-1)];
  if (!first || !last) return refuse('unsupported', 'its branch has no convolution');
  const strides = ([0, 1] as const).map((axis) => convs.reduce((all, conv) => all * conv.strides[axis], 1));
  if (strides.join() !== shortcut.strides.join()) {
    const [own, other] = [strides.join('×'), shortcut.strides.join('×')];
    return refuse('mismatch', `its branch has a stride of ${own}, its shortcut of ${other}`);
  }
  const mergesInLast = stages.at(-1)?.to === last.node.outputs[0] && last.group === 1;
  if (last.filters !== shortcut.outputs || add.outputs[0]?.shape?.[1] !== last.filters)
    return refuse('mismatch', 'its Add broadcasts one of its inputs');
  const widened = middle === 'widen' ? convs : convs.filter((conv) => conv === first || conv === last);
  const multiple = commonGroupSize(widened.filter((conv) => !(mergesInLast && conv === last)));
  if (isRefusal(multiple)) return multiple;
  const carried = channelsRead(shortcut);
  const width = Math.ceil(carried.length / multiple) * multiple;
  const readsDirectly = (start === 0 && first.group === 1) || width === 0;
  const pooling = shortcut.window.some((size) => size > 1) ? poolingIn(convs, shortcut) : null;
  if (isRefusal(pooling)) return pooling;
  const taps = tapsOfAll(widened, pooling, shortcut);
  if (isRefusal(taps)) return taps;
  const path = stages.slice(start);
  return { ...carrying, path, first, last, mergesInLast, carried, width, readsDirectly, pooling, taps };
}

/** The columns of P that are not zero. */
function channelsRead({ matrix, inputs, outputs }: Shortcut): number[] {
  const rows = [...Array(outputs).keys()];
  return [...Array(inputs).keys()].filter((c) => rows.some((row) => matrix[row * inputs + c] !== 0));
}

/** A number of channels that is a multiple of every convolution's channels per group. */
function commonGroupSize(convs: readonly PlanarConvolution[]): number | Refusal {
  const grouped = convs.filter(({ group }) => group > 1);
  const unequal = grouped.find(({ group, filters, channels }) => filters / group !== channels);
  return unequal
    ? refuse('mismatch', `the groups of ${unequal.node.name} have unequal numbers of inputs and outputs`)
    : grouped.reduce((multiple, { channels }) => leastCommonMultiple(multiple, channels), 1);
}

/** The only strided convolution, which can also compute means. */
function poolingIn(convs: readonly PlanarConvolution[], { strides }: Shortcut): PlanarConvolution | Refusal {
  const [strided, ...others] = convs.filter((conv) => conv.strides.join() === strides.join());
  return strided && others.length === 0
    ? strided
    : refuse('mismatch', 'its branch needs exactly one convolution with the stride of its pool');
}

function tapsOfAll(
  convs: readonly PlanarConvolution[],
  pooling: PlanarConvolution | null,
  { window }: Shortcut,
): CarryPlan['taps'] | Refusal {
  const all = new Map<PlanarConvolution, readonly Tap[]>();
  for (const conv of convs) {
    const taps = tapsOf(conv, conv === pooling ? window : [1, 1]);
    if (!taps) {
      const reads = conv === pooling ? 'pools' : 'samples';
      const reason = `the kernel of ${conv.node.name} does not cover the elements that its shortcut ${reads}`;
      return refuse('mismatch', reason);
    }
    all.set(conv, taps);
  }
  return all;
}
