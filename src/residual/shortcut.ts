import { type Node, nodeLabel, type Value } from '../graph/graph.ts';
import type { Connections } from '../graph/topology.ts';
import { type Shortcut, shortcutRules } from './shortcut-rules.ts';

/** The shortcut from a value to what an Add reads; a string says why it is none. */
export function readShortcut(from: Value, to: Value, { producer }: Connections): Shortcut | string {
  const inputs = from.shape?.[1];
  if (typeof inputs !== 'number' || from.shape?.length !== 4)
    return `expected ${from.name} to be [N, C, H, W] with C known`;
  const nodes: Node[] = [];
  for (let value = to; value !== from; ) {
    const node = producer.get(value);
    if (!node) return `${to.name} is not a shortcut from ${from.name}`;
    const next = node.domain === '' ? mainInput(node) : null;
    if (!next || nodes.length > LONGEST)
      return `no shortcut: it contains ${nodeLabel(node)}, which is not supported`;
    nodes.unshift(node);
    value = next;
  }
  let shortcut: Shortcut = identity(inputs);
  for (const node of nodes) {
    const rule = shortcutRules[node.op];
    const next = rule
      ? rule(shortcut, node)
      : `no shortcut: it contains ${nodeLabel(node)}, which is not supported`;
    if (typeof next === 'string') return next;
    shortcut = next;
  }
  return shortcut;
}

/** A shortcut with more nodes is none. */
const LONGEST = 12;

/** What a node of a shortcut passes on: its one computed input. */
function mainInput(node: Node): Value | null {
  if (!(node.op in shortcutRules)) return null;
  const computed = node.inputs.filter((value): value is Value => value !== null && !value.tensor);
  return computed.length === 1 ? computed[0]! : null;
}

function identity(channels: number): Shortcut {
  const matrix = new Float32Array(channels * channels);
  for (let c = 0; c < channels; c++) matrix[c * channels + c] = 1;
  const bias = new Float32Array(channels);
  return {
    matrix,
    bias,
    inputs: channels,
    outputs: channels,
    strides: [1, 1],
    window: [1, 1],
    isIdentity: true,
  };
}
