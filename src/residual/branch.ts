import { type Node, nodeLabel, type Value } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { traitsOf } from '../graph/operators/traits.ts';
import type { Connections } from '../graph/topology.ts';
import { type ConstantConvolution, readConvolution } from './convolution.ts';
import { nodesBetween } from './find.ts';

/** One step of a branch, from a value [N, C, H, W] to the next. */
export type Stage =
  | { readonly kind: 'convolution'; readonly conv: ConstantConvolution }
  /** Works on each element alone, in bounds that a carried channel may need to be kept from. */
  | { readonly kind: 'clip'; readonly node: Node; readonly low: number; readonly high: number }
  /** A factor or a summand for each channel: BatchNormalization, or Mul or Add of a constant. */
  | { readonly kind: 'affine'; readonly node: Node }
  /** Anything that keeps the channels and the map, from one value to one value: a gate, another activation. */
  | { readonly kind: 'island'; readonly from: Value; readonly to: Value; readonly nodes: readonly Node[] };

/** The chain of stages between a value and what an Add reads; a string says why it is none. */
export function readBranch(from: Value, to: Value, links: Connections): Stage[] | string {
  const stages: Stage[] = [];
  for (let value = to; value !== from; ) {
    const node = links.producer.get(value);
    if (node?.domain !== '') return `no chain leads from ${from.name} to ${to.name}`;
    const found = stageOf(node, value, { from, links });
    if (typeof found === 'string') return found;
    stages.unshift(found.stage);
    value = found.before;
  }
  const outside = stages.length > 0 ? sharedValue(stages, from, links) : null;
  return outside ? `${outside.name} is also read elsewhere` : stages;
}

interface Within {
  readonly from: Value;
  readonly links: Connections;
}

interface StageFound {
  readonly stage: Stage;
  readonly before: Value;
}

function stageOf(node: Node, value: Value, within: Within): StageFound | string {
  const [x] = node.inputs;
  if (!x) return `${nodeLabel(node)} has no input`;
  const found = (stage: Stage, before: Value = x): StageFound => ({ stage, before });
  if (isOperator(node, 'Conv')) {
    const conv = readConvolution(node);
    return typeof conv === 'string' ? conv : found({ kind: 'convolution', conv });
  }
  if (isOperator(node, 'Relu')) return found({ kind: 'clip', node, low: 0, high: Number.POSITIVE_INFINITY });
  if (isOperator(node, 'Clip')) {
    const [low, high] = [1, 2].map((i) => (node.inputs[i] ? node.inputs[i].tensor?.data[0] : undefined));
    const bounds = {
      low: Number(low ?? Number.NEGATIVE_INFINITY),
      high: Number(high ?? Number.POSITIVE_INFINITY),
    };
    return node.inputs.slice(1).some((bound) => bound && !bound.tensor)
      ? `the bounds of ${nodeLabel(node)} are not constant`
      : found({ kind: 'clip', node, ...bounds });
  }
  const affine = affineInput(node);
  return affine ? found({ kind: 'affine', node }, affine) : islandBefore(node, value, within);
}

/** What a factor or summand for each channel is applied to; null where a node is no such thing. */
function affineInput(node: Node): Value | null {
  const [a, b] = node.inputs;
  if (isOperator(node, 'BatchNormalization')) {
    return node.inputs.slice(1).every((value) => value?.tensor) ? a! : null;
  }
  if (!isOperator(node, 'Mul') && !isOperator(node, 'Add')) return null;
  const constant = a?.tensor ? a : b?.tensor ? b : null;
  const data = constant === a ? b : a;
  const sizes = constant?.tensor?.shape ?? [];
  const ranks = [...new Array<number>(Math.max(0, 4 - sizes.length)).fill(1), ...sizes];
  const isPerChannel = ranks.length === 4 && ranks.every((size, axis) => axis === 1 || size === 1);
  return constant && isPerChannel && data && constant.dtype === 'float32' ? data : null;
}

/** Operators that keep channels and map, besides gates that are multiplied in. */
const elementwise: ReadonlySet<string> = new Set(['Mul', 'Div', 'Add', 'Sub', 'Max', 'Min', 'Erf']);

/** The nodes between a value and the nearest before it that all of them derive from. */
function islandBefore(node: Node, value: Value, { from, links }: Within): StageFound | string {
  if (!traitsOf(node).activation && !elementwise.has(node.op))
    return `its branch contains ${nodeLabel(node)}, which is not supported`;
  const computed = node.inputs.filter((input): input is Value => input !== null && !input.tensor);
  const before = computed.length === 1 ? computed[0]! : entryOf(computed, { from, links });
  if (!before) return `the inputs of ${nodeLabel(node)} derive from more than one value`;
  if (before.shape?.length !== 4 || before.shape.join() !== value.shape?.join())
    return `${nodeLabel(node)} changes the shape of ${before.name}`;
  const nodes = nodesBetween(before, value, links);
  return { stage: { kind: 'island', from: before, to: value, nodes }, before };
}

/** Of several values the one that all others derive from alone. */
function entryOf(values: readonly Value[], { from, links }: Within): Value | null {
  for (const candidate of values) {
    const others = values.filter((value) => value !== candidate);
    if (others.every((value) => derivesFrom(candidate, value, { from, links }))) return candidate;
  }
  return null;
}

/** Whether all ways back from a value lead to another one. */
function derivesFrom(entry: Value, value: Value, { from, links }: Within): boolean {
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

/** A value within the chain that something outside of it reads, the Add behind its end excepted. */
function sharedValue(stages: readonly Stage[], from: Value, { uses }: Connections): Value | null {
  const inside = new Set(stages.flatMap(nodesOf));
  const end = endOf(stages.at(-1)!);
  for (const node of inside) {
    for (const value of node.outputs) {
      if (!value || value === from) continue;
      const outside = (uses.get(value) ?? []).filter((use) => !use.node || !inside.has(use.node));
      if (outside.length > (value === end ? 1 : 0)) return value;
    }
  }
  return null;
}

/** What a stage computes. */
export const endOf = (stage: Stage): Value =>
  stage.kind === 'island' ? stage.to : nodesOf(stage)[0]!.outputs[0]!;

function nodesOf(stage: Stage): readonly Node[] {
  if (stage.kind === 'island') return stage.nodes;
  return [stage.kind === 'convolution' ? stage.conv.node : stage.node];
}
