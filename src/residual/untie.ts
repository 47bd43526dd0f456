import { type Edits, openEdits } from '../graph/edit/edits.ts';
import { isRefusal, type Refusal, type Refused, refuse, refusedAt } from '../graph/edit/refused.ts';
import { type Graph, type Node, nodeName, type Value } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes } from '../graph/topology.ts';
import { floats } from '../numeric/tensor.ts';
import { canonicalForm } from '../rewrite/index.ts';
import { forkAt, nodesBetween } from './find.ts';
import type { CarryPlan } from './plan.ts';
import { planBlock } from './plan-block.ts';
import { insertPointwise } from './pointwise.ts';
import { identityShortcut } from './shortcut.ts';

/** A residual block whose shortcut carries channels that are independent of those of its neighbours. */
export interface UntiedBlock {
  /** The name of its Add. */
  readonly add: string;
  /** The 1×1 convolution with one filter per carried channel of x. */
  readonly reserve: string;
  /** The 1×1 convolution that adds them to the channels of the sum; null if the shortcut has a convolution. */
  readonly merge: string | null;
  /** The convolutions of its branch. */
  readonly branch: readonly string[];
}

/** A residual network whose blocks have independent channels. */
export interface UntiedNetwork {
  readonly graph: Graph;
  readonly blocks: readonly UntiedBlock[];
  /** Residual connections whose channels stay coupled, with the reason. */
  readonly refusals: readonly Refused[];
}

/**
 * Decouples the channels of residual blocks: y = f(x) + s(x) becomes y = f(x) + merge(reserve(x)), where merge and reserve
 * are 1×1 convolutions of Dirac filters that compute s. The channels of x, of the sum, and the carried ones then belong to
 * layers of their own, and can be removed independently. After pruning, {@link convertResiduals} makes a plain network, in
 * which only the remaining carried channels have filters. Blocks that cannot be converted are not changed.
 */
export function untieResiduals(network: Graph): UntiedNetwork {
  const { graph } = canonicalForm(network);
  inferShapes(graph);
  const blocks: UntiedBlock[] = [];
  const refusals: Refused[] = [];
  for (const add of graph.nodes.filter((node) => isOperator(node, 'Add'))) {
    const fork = forkAt(graph, graph.nodes.indexOf(add));
    if (!fork) continue;
    const plan = planBlock(graph, fork, 'widen');
    const block = isRefusal(plan) ? plan : untie(plan);
    if (isRefusal(block)) refusals.push(refusedAt(add, block));
    else blocks.push(block);
  }
  return { graph, blocks, refusals };
}

function untie(plan: CarryPlan): UntiedBlock | Refusal {
  const { graph, add, from, side, shortcut, stages } = plan;
  const own = new Set(nodesBetween(from, side, connections(graph)));
  const path = graph.nodes.filter((node) => own.has(node));
  const isLearned = path.some((node) => isOperator(node, 'Conv'));
  if (!isLearned && shortcut.window.some((size) => size > 1))
    return refuse('unsupported', 'its shortcut pools without a convolution');
  const edits = openEdits(graph);
  const name = nodeName(add);
  const { inputs, outputs, matrix } = shortcut;
  const reserved = insertPointwise(from, edits, {
    before: path[0] ?? add,
    name: `${name}.reserve`,
    weight: floats([inputs, inputs, 1, 1], identityShortcut(inputs).matrix),
    strides: isLearned ? [1, 1] : shortcut.strides,
  });
  const reserve = producerName(edits, reserved);
  let merge: string | null = null;
  if (isLearned) path.forEach((node) => readInstead(node, { from, to: reserved, edits }));
  else {
    const weight = floats([outputs, inputs, 1, 1], matrix);
    const at = { before: add, name: `${name}.merge`, weight, strides: [1, 1] } as const;
    const merged = insertPointwise(reserved, edits, at);
    merge = producerName(edits, merged);
    readInstead(add, { from: side, to: merged, edits });
  }
  edits.apply();
  removeDeadNodes(graph);
  inferShapes(graph);
  const branch = stages.flatMap((stage) => (stage.kind === 'convolution' ? [nodeName(stage.conv.node)] : []));
  return { add: name, reserve, merge, branch };
}

const producerName = (edits: Edits, value: Value): string => nodeName(edits.producer.get(value)!);

interface Redirection {
  readonly from: Value;
  readonly to: Value;
  readonly edits: Edits;
}

function readInstead(node: Node, { from, to, edits }: Redirection): void {
  const inputs = node.inputs.map((value) => (value === from ? to : value));
  edits.setInputs(node, inputs);
}
