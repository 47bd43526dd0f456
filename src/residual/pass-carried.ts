import type { PlanarConvolution } from '../graph/convolution.ts';
import type { Edits } from '../graph/edit/edits.ts';
import { type Node, onlyOutput, type Value } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { floats, int64s } from '../numeric/tensor.ts';
import type { AffineStage, Stage } from './branch.ts';
import type { CarryPlan } from './plan.ts';

export interface CarriedEdits {
  readonly plan: CarryPlan;
  readonly edits: Edits;
  /** Number of channels of the branch. */
  readonly channels: number;
}

/** Passes the carried channels unchanged through a stage other than a convolution. */
export function pass(stage: Exclude<Stage, { kind: 'convolution' }>, passing: CarriedEdits): void {
  if (passing.plan.width === 0) return;
  if (stage.kind === 'clip') passClip(stage, passing);
  else if (stage.kind === 'affine') passAffine(stage, passing);
  else passIsland(stage, passing);
}

/** The largest float32. */
const MAX = 3.4028234663852886e38;

/** Unchanged if the range of x is within the bounds; else each channel gets bounds of its own. */
function passClip(
  { node, from, low, high }: Extract<Stage, { kind: 'clip' }>,
  { plan: { range: given, width }, edits, channels }: CarriedEdits,
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
  const inputs = [from, bounds.high];
  if (!Number.isFinite(high)) {
    edits.become(node, { op: 'Max', inputs: [from, bounds.low] });
  } else if (!Number.isFinite(low)) {
    edits.become(node, { op: 'Min', inputs });
  } else {
    const below = edits.insertBefore(node, { op: 'Min', name: `${node.name}.min`, inputs });
    edits.become(node, { op: 'Max', inputs: [below, bounds.low] });
  }
}

/** A factor of 1 and a summand of 0 for the carried channels. */
function passAffine(
  { node, parameters }: AffineStage,
  { plan: { width }, edits, channels }: CarriedEdits,
): void {
  const count = channels + width;
  const shape = isOperator(node, 'BatchNormalization') ? [count] : [1, count, 1, 1];
  for (const { index, tensor, neutral } of parameters) {
    const longer = new Float32Array(count).fill(neutral);
    if (tensor.data.length === 1) longer.fill(Number(tensor.data[0]), 0, channels);
    else longer.set(tensor.data as Float32Array);
    edits.setConstant(node, index, floats(shape, longer));
  }
}

/** Splits the carried channels off before a stage, and concatenates them after it. */
function passIsland({ from, to, nodes }: Extract<Stage, { kind: 'island' }>, passing: CarriedEdits): void {
  const inside = new Set(nodes);
  const [start, ...others] = passing.plan.graph.nodes.filter((node) => inside.has(node));
  if (!start) return;
  const carried = part([start, ...others], from, passing);
  join(others.at(-1) ?? start, [to, carried], passing.edits);
}

/** Passes the carried channels beside a convolution, sampled or averaged like its stride requires. */
export function passBeside(conv: PlanarConvolution, passing: CarriedEdits): void {
  const { node, strides, x } = conv;
  const { plan, edits } = passing;
  if (plan.width === 0) return;
  const carried = part([node], x, passing);
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
  join(node, [onlyOutput(node), sampled], edits);
}

/** Splits the input of nodes, so that they read the branch's own channels; returns the carried ones. */
function part(
  nodes: readonly [Node, ...Node[]],
  from: Value,
  { plan: { width }, edits, channels }: CarriedEdits,
): Value {
  const [own, carried] = [edits.value(`${from.name}.own`), edits.value(`${from.name}.carried`)];
  const sizes = edits.constant(int64s([channels, width]), `${from.name}.sizes`);
  edits.insertBefore(nodes[0], {
    op: 'Split',
    name: `${from.name}.split`,
    inputs: [from, sizes],
    attributes: { axis: 1 },
    outputs: [own, carried],
  });
  for (const node of nodes) {
    edits.setInputs(
      node,
      node.inputs.map((value) => (value === from ? own : value)),
    );
  }
  return carried;
}

/** Concatenates carried channels to the output of a node, which keeps its name. */
function join(node: Node, [to, carried]: readonly [Value, Value], edits: Edits): void {
  const inner = edits.value(`${to.name}.own`);
  edits.setOutput(node, node.outputs.indexOf(to), inner);
  const inputs = [inner, carried];
  edits.insertAfter(node, {
    op: 'Concat',
    name: `${to.name}.joined`,
    inputs,
    attributes: { axis: 1 },
    outputs: [to],
  });
}
