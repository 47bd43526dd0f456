import { isRefusal, type Refusal, refuse } from '../graph/edit/refused.ts';
import type { Node, Value } from '../graph/graph.ts';
import type { Connections } from '../graph/topology.ts';
import { type Shortcut, shortcutRuleOf, unsupportedIn } from './shortcut-rules.ts';

/** Reads the shortcut from a value to an operand of an Add. */
export function readShortcut(from: Value, to: Value, { producer }: Connections): Shortcut | Refusal {
  const inputs = from.shape?.[1];
  if (typeof inputs !== 'number' || from.shape?.length !== 4)
    return refuse('unsupported', `expected ${from.name} to be [N, C, H, W] with C known`);
  const nodes: Node[] = [];
  for (let value = to; value !== from; ) {
    const node = producer.get(value);
    if (!node) return refuse('mismatch', `${to.name} is not a shortcut from ${from.name}`);
    const next = mainInput(node);
    if (!next || nodes.length > LONGEST) return unsupportedIn(node);
    nodes.unshift(node);
    value = next;
  }
  let shortcut = identityShortcut(inputs);
  for (const node of nodes) {
    const rule = shortcutRuleOf(node);
    const next = rule ? rule(shortcut, node) : unsupportedIn(node);
    if (isRefusal(next)) return next;
    shortcut = next;
  }
  return shortcut;
}

/** Maximum number of nodes of a shortcut. */
const LONGEST = 12;

/** The only computed input of a node of a shortcut. */
function mainInput(node: Node): Value | null {
  if (!shortcutRuleOf(node)) return null;
  const computed = node.inputs.filter((value): value is Value => value !== null && !value.tensor);
  const [only, ...others] = computed;
  return only && others.length === 0 ? only : null;
}

/** s = x. */
export function identityShortcut(channels: number): Shortcut {
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
