import type { Node, Value } from '../graph/graph.ts';
import { attributesOf, isOperator } from '../graph/operators/index.ts';
import { floats, int64s } from '../numeric/tensor.ts';
import type { Stage } from './branch.ts';
import type { ConstantConvolution } from './convolution.ts';
import type { Edits } from './edits.ts';
import type { CarryPlan } from './plan.ts';

export interface Passing {
  readonly plan: CarryPlan;
  readonly edits: Edits;
  /** Channels of the branch. */
  readonly channels: number;
}

/** Carried channels get past what lies between convolutions as they are. */
export function pass(stage: Exclude<Stage, { kind: 'convolution' }>, passing: Passing): void {
  if (stage.kind === 'clip') passClip(stage, passing);
  else if (stage.kind === 'affine') passAffine(stage.node, passing);
  else passIsland(stage, passing);
}

/** The largest float32. */
const MAX = 3.4028234663852886e38;

/** Unchanged where x is within the bounds; else each channel gets its own. */
function passClip(
  { node, low, high }: Extract<Stage, { kind: 'clip' }>,
  { plan: { range: given, width }, edits, channels }: Passing,
): void {
  if (given.low >= low && given.high <= high) return;
  const vector = (own: number, carried: number) => {
    const data = new Float32Array(channels + width).fill(own, 0, channels).fill(carried, channels);
    return floats([1, channels + width, 1, 1], data);
  };
  const bounds = {
    low: edits.constant(vector(low, -MAX), `${node.name}.low`),
    high: edits.constant(vector(high, MAX), `${node.name}.high`),
  };
  const [x] = node.inputs as [Value];
  node.attributes = {};
  if (!Number.isFinite(high)) {
    Object.assign(node, { op: 'Max', inputs: [x, bounds.low] });
    return;
  }
  const inputs = [x, bounds.high];
  const below = Number.isFinite(low)
    ? edits.insertBefore(node, { op: 'Min', name: `${node.name}.min`, inputs })
    : null;
  Object.assign(node, below ? { op: 'Max', inputs: [below, bounds.low] } : { op: 'Min', inputs });
}

/** A factor of 1 and a summand of 0 for the carried channels. */
function passAffine(node: Node, { plan: { width }, edits, channels }: Passing): void {
  const extend = (index: number, fill: number) => {
    const { data } = node.inputs[index]!.tensor!;
    const longer = new Float32Array(channels + width).fill(fill);
    if (data.length === 1) longer.fill(Number(data[0]), 0, channels);
    else longer.set(data as Float32Array);
    const rank = isOperator(node, 'BatchNormalization') ? [channels + width] : [1, channels + width, 1, 1];
    edits.setInput(node, index, floats(rank, longer));
  };
  if (isOperator(node, 'BatchNormalization')) {
    const { epsilon } = attributesOf(node, 'BatchNormalization');
    for (const [i, fill] of [1, 0, 0, 1 - epsilon].entries()) extend(i + 1, fill);
    return;
  }
  extend(node.inputs[0]!.tensor ? 0 : 1, isOperator(node, 'Mul') ? 1 : 0);
}

/** The carried channels part from the branch in front of it, and join it again behind. */
function passIsland({ from, to, nodes }: Extract<Stage, { kind: 'island' }>, passing: Passing): void {
  const inside = new Set(nodes);
  const ordered = passing.plan.graph.nodes.filter((node) => inside.has(node));
  const carried = part(ordered, from, passing);
  join(ordered.at(-1)!, [to, carried], passing.edits);
}

/** A convolution that the carried channels pass by: sampled, or the means of a window, as it strides. */
export function passBeside(conv: ConstantConvolution, passing: Passing): void {
  const { node, strides } = conv;
  const { plan, edits } = passing;
  const carried = part([node], node.inputs[0]!, passing);
  const isPooled = conv === plan.pooling;
  const isSampled = strides.some((stride) => stride > 1);
  const window = isPooled ? plan.shortcut.window : ([1, 1] as const);
  const sampled =
    isPooled || isSampled
      ? edits.insertBefore(node, {
          op: isPooled ? 'AveragePool' : 'MaxPool',
          name: `${node.name}.sampled`,
          inputs: [carried],
          attributes: { kernel_shape: [...window], strides: [...strides] },
        })
      : carried;
  join(node, [node.outputs[0]!, sampled], edits);
}

/** Splits what goes into nodes: they read the branch's own channels; returns the carried ones. */
function part(nodes: readonly Node[], from: Value, { plan: { width }, edits, channels }: Passing): Value {
  const [own, carried] = [edits.value(`${from.name}.own`), edits.value(`${from.name}.carried`)];
  const sizes = edits.constant(int64s([channels, width]), `${from.name}.sizes`);
  edits.insertBefore(nodes[0]!, {
    op: 'Split',
    name: `${from.name}.split`,
    inputs: [from, sizes],
    attributes: { axis: 1 },
    outputs: [own, carried],
  });
  for (const node of nodes) node.inputs = node.inputs.map((value) => (value === from ? own : value));
  return carried;
}

/** Puts carried channels behind what a node computes, under the name that it had. */
function join(node: Node, [to, carried]: readonly [Value, Value], edits: Edits): void {
  const inner = edits.value(`${to.name}.own`);
  node.outputs = node.outputs.map((value) => (value === to ? inner : value));
  const inputs = [inner, carried];
  edits.insertAfter(node, {
    op: 'Concat',
    name: `${to.name}.joined`,
    inputs,
    attributes: { axis: 1 },
    outputs: [to],
  });
}
