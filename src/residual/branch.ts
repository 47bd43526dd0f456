import { type PlanarConvolution, readPlanarConvolution } from '../graph/convolution.ts';
import { isRefusal, type Refusal, refuse } from '../graph/edit/refused.ts';
import { type Node, nodeLabel, requiredInput, type Value } from '../graph/graph.ts';
import { attributesOf, isOneOf, isOperator } from '../graph/operators/index.ts';
import { traitsOf } from '../graph/operators/traits.ts';
import type { Connections } from '../graph/topology.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { nodesBetween } from './find.ts';

/** A step of a branch, from one value [N, C, H, W] to the next. */
export type Stage = StageSpan &
  (
    | { readonly kind: 'convolution'; readonly conv: PlanarConvolution }
    /** An elementwise activation with bounds, which may have to be lifted for carried channels. */
    | { readonly kind: 'clip'; readonly node: Node; readonly low: number; readonly high: number }
    | AffineStage
    /** Any other subgraph with one input and one output that keeps channels and size: a gate, another activation. */
    | { readonly kind: 'island' }
  );

/** A factor or summand per channel: BatchNormalization, or Mul or Add of a constant. */
export interface AffineStage {
  readonly kind: 'affine';
  readonly node: Node;
  readonly parameters: readonly AffineParameter[];
}

interface StageSpan {
  readonly from: Value;
  readonly to: Value;
  readonly nodes: readonly Node[];
}

/** A constant with one element, or one per channel. */
export interface AffineParameter {
  /** Index of the input. */
  readonly index: number;
  readonly tensor: Tensor;
  /** The number that leaves a channel unchanged. */
  readonly neutral: number;
}

/** The chain of stages from a value to an operand of an Add. */
export function readBranch(from: Value, to: Value, links: Connections): Stage[] | Refusal {
  const stages: Stage[] = [];
  for (let value = to; value !== from; ) {
    const node = links.producer.get(value);
    if (node?.domain !== '') return refuse('mismatch', `no chain leads from ${from.name} to ${to.name}`);
    const stage = stageOf(node, value, { from, links });
    if (isRefusal(stage)) return stage;
    stages.unshift(stage);
    value = stage.from;
  }
  const outside = sharedValue(stages, from, links);
  return outside ? refuse('shared', `${outside.name} is also read elsewhere`) : stages;
}

interface BranchStart {
  readonly from: Value;
  readonly links: Connections;
}

function stageOf(node: Node, to: Value, within: BranchStart): Stage | Refusal {
  const [x] = node.inputs;
  if (!x) return refuse('unsupported', `${nodeLabel(node)} has no input`);
  const span = { from: x, to, nodes: [node] };
  if (isOperator(node, 'Conv')) {
    const conv = readPlanarConvolution(node);
    return isRefusal(conv) ? conv : { ...span, kind: 'convolution', conv };
  }
  if (isOperator(node, 'Relu'))
    return { ...span, kind: 'clip', node, low: 0, high: Number.POSITIVE_INFINITY };
  if (isOperator(node, 'Clip')) {
    const [, low, high] = node.inputs;
    if ((low && !low.tensor) || (high && !high.tensor))
      return refuse('not-constant', `the bounds of ${nodeLabel(node)} are not constant`);
    const bounds = {
      low: Number(low?.tensor?.data[0] ?? Number.NEGATIVE_INFINITY),
      high: Number(high?.tensor?.data[0] ?? Number.POSITIVE_INFINITY),
    };
    return { ...span, kind: 'clip', node, ...bounds };
  }
  return affineStage(node, to) ?? islandBefore(node, to, within);
}

/** Reads a node that applies a factor or summand per channel; null for other nodes. */
function affineStage(node: Node, to: Value): (StageSpan & AffineStage) | null {
  if (isOperator(node, 'BatchNormalization')) {
    const { epsilon } = attributesOf(node, 'BatchNormalization');
    const parameters = [1, 0, 0, 1 - epsilon].flatMap((neutral, i): AffineParameter[] => {
      const tensor = node.inputs[i + 1]?.tensor;
      return tensor ? [{ index: i + 1, tensor, neutral }] : [];
    });
    const span = { from: requiredInput(node, 0), to, nodes: [node] };
    return parameters.length === 4 ? { ...span, kind: 'affine', node, parameters } : null;
  }
  if (!isOperator(node, 'Mul') && !isOperator(node, 'Add')) return null;
  const index = node.inputs[0]?.tensor ? 0 : 1;
  const tensor = node.inputs[index]?.tensor;
  const x = node.inputs[1 - index];
  if (!x || tensor?.dtype !== 'float32' || !isPerChannel(tensor)) return null;
  const parameters = [{ index, tensor, neutral: isOperator(node, 'Mul') ? 1 : 0 }];
  return { from: x, to, nodes: [node], kind: 'affine', node, parameters };
}

/** Whether a constant operand of [N, C, H, W] has one element, or one per channel. */
function isPerChannel({ shape }: Tensor): boolean {
  const sizes = [...new Array<number>(Math.max(0, 4 - shape.length)).fill(1), ...shape];
  return sizes.length === 4 && sizes.every((size, axis) => axis === 1 || size === 1);
}

/** Operators that keep channels and size, in addition to gates. */
const isElementwise = isOneOf('Mul', 'Div', 'Add', 'Sub', 'Max', 'Min', 'Erf');

/** The nodes between a value and the nearest earlier value from which they all derive. */
function islandBefore(node: Node, to: Value, { from, links }: BranchStart): Stage | Refusal {
  if (!traitsOf(node).activation && !isElementwise(node))
    return refuse('unsupported', `its branch contains ${nodeLabel(node)}, which is not supported`);
  const computed = node.inputs.filter((input): input is Value => input !== null && !input.tensor);
  const before = entryOf(computed, { from, links });
  if (!before) return refuse('mismatch', `the inputs of ${nodeLabel(node)} derive from more than one value`);
  if (before.shape?.length !== 4 || before.shape.join() !== to.shape?.join())
    return refuse('mismatch', `${nodeLabel(node)} changes the shape of ${before.name}`);
  return { kind: 'island', from: before, to, nodes: nodesBetween(before, to, links) };
}

/** The one of several values from which all others derive. */
function entryOf(values: readonly Value[], { from, links }: BranchStart): Value | null {
  for (const candidate of values) {
    const others = values.filter((value) => value !== candidate);
    if (others.every((value) => derivesFrom(candidate, value, { from, links }))) return candidate;
  }
  return null;
}

/** Whether all backward paths from a value lead to `entry`. */
function derivesFrom(entry: Value, value: Value, { from, links }: BranchStart): boolean {
  const pending = [value];
  const seen = new Set<Value>();
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next === entry || next.tensor || seen.has(next)) continue;
    seen.add(next);
    const node = links.producer.get(next);
    if (!node || next === from) return false;
    for (const input of node.inputs) if (input) pending.push(input);
  }
  return true;
}

/** A value inside the chain that is read outside it, except by the Add at its end. */
function sharedValue(stages: readonly Stage[], from: Value, { uses }: Connections): Value | null {
  const inside = new Set(stages.flatMap(({ nodes }) => nodes));
  const end = stages.at(-1)?.to;
  for (const node of inside) {
    for (const value of node.outputs) {
      if (!value || value === from) continue;
      const outside = (uses.get(value) ?? []).filter((use) => !use.node || !inside.has(use.node));
      if (outside.length > (value === end ? 1 : 0)) return value;
    }
  }
  return null;
}
