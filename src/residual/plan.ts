import type { Graph, Node, Value } from '../graph/graph.ts';
import { leastCommonMultiple } from '../numeric/divisors.ts';
import type { Stage } from './branch.ts';
import { type ConstantConvolution, tapsOf } from './convolution.ts';
import type { ValueRange } from './range.ts';
import type { Shortcut } from './shortcut-rules.ts';

/** A branch, and what rides along it. */
export interface Carrying {
  readonly graph: Graph;
  readonly add: Node;
  readonly from: Value;
  readonly stages: readonly Stage[];
  readonly shortcut: Shortcut;
  /** What the carried channels can hold. */
  readonly range: ValueRange;
  /** How they get past convolutions in the middle: through further filters, or beside them. */
  readonly middle: MiddleForm;
}

/** `widen`: a plain chain, its middle convolutions as wide as branch and shortcut together; `concat`: they keep their size. */
export type MiddleForm = 'widen' | 'concat';

/** What the conversion of a block needs, checked before anything is changed. */
export interface CarryPlan extends Carrying {
  /** Places of the first and the last convolution among the stages. */
  readonly first: number;
  readonly last: number;
  /** Whether the last convolution adds the carried channels; else a 1×1 convolution behind the branch does. */
  readonly mergesInLast: boolean;
  /** Carried channels: those of x, filled up with zeros to whole groups. */
  readonly width: number;
  /** Whether the first convolution reads x itself; else it gets x beside what it reads. */
  readonly readsDirectly: boolean;
  /** The convolution that takes the means of an average-pool shortcut. */
  readonly pooling: ConstantConvolution | null;
}

/** How a block would be converted; a string says why it cannot be. */
export function planCarry(carrying: Carrying): CarryPlan | string {
  const { stages, shortcut, add } = carrying;
  const places = stages.flatMap((stage, i) => (stage.kind === 'convolution' ? [i] : []));
  const convs = stages.flatMap((stage) => (stage.kind === 'convolution' ? [stage.conv] : []));
  const [first, last] = [places[0], places.at(-1)];
  if (first === undefined || last === undefined) return 'its branch has no convolution';
  const strides = [0, 1].map((axis) => convs.reduce((product, conv) => product * conv.strides[axis]!, 1));
  if (strides.join() !== shortcut.strides.join())
    return `its branch has a stride of ${strides.join('×')}, its shortcut of ${shortcut.strides.join('×')}`;
  const end = convs.at(-1)!;
  const mergesInLast = last === stages.length - 1 && end.group === 1;
  const outputs = mergesInLast ? end.filters : channelsBefore(stages, stages.length);
  if (outputs !== shortcut.outputs || add.outputs[0]?.shape?.[1] !== outputs)
    return 'its Add broadcasts one of its inputs';
  const readsDirectly = first === 0 && convs[0]!.group === 1;
  const carriers = convs.filter(
    (_, i) => widens(i, convs.length, carrying.middle) && !(mergesInLast && i === convs.length - 1),
  );
  const unequal = carriers.find(({ group, filters, perGroup }) => group > 1 && filters / group !== perGroup);
  if (unequal) return `the groups of ${unequal.node.name} have unequal numbers of inputs and outputs`;
  const multiple = carriers.reduce(
    (sum, { group, perGroup }) => leastCommonMultiple(sum, group > 1 ? perGroup : 1),
    1,
  );
  const width = Math.ceil(shortcut.inputs / multiple) * multiple;
  const pooling = shortcut.window.some((size) => size > 1) ? poolingIn(convs, shortcut) : null;
  if (typeof pooling === 'string') return pooling;
  for (const [i, conv] of convs.entries()) {
    if (!widens(i, convs.length, carrying.middle)) continue;
    if (!tapsOf(conv, conv === pooling ? shortcut.window : [1, 1]))
      return `the kernel of ${conv.node.name} does not cover the elements that its shortcut ${conv === pooling ? 'pools' : 'samples'}`;
  }
  return { ...carrying, first, last, mergesInLast, width, readsDirectly, pooling };
}

/** Whether the i-th convolution of a branch gets further filters. */
export const widens = (i: number, count: number, middle: MiddleForm): boolean =>
  middle === 'widen' || i === 0 || i === count - 1;

/** The one strided convolution, which can take means as well. */
function poolingIn(
  convs: readonly ConstantConvolution[],
  { strides }: Shortcut,
): ConstantConvolution | string {
  const strided = convs.filter((conv) => conv.strides.join() === strides.join());
  return strided.length === 1
    ? strided[0]!
    : 'its branch needs exactly one convolution with the stride of its pool';
}

/** The channels of the branch in front of a stage. */
export function channelsBefore(stages: readonly Stage[], place: number): number {
  for (let i = place - 1; i >= 0; i--) {
    const stage = stages[i]!;
    if (stage.kind === 'convolution') return stage.conv.filters;
  }
  return Number.NaN;
}
