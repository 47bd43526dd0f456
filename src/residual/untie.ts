import { type Edits, openEdits } from '../graph/edit/edits.ts';
import { isRefusal, type Refusal, type Refused, refuse, refusedAt } from '../graph/edit/refused.ts';
import { type Graph, type Node, nodeName, onlyOutput, type Value } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes } from '../graph/topology.ts';
import { type Float32Tensor, floats } from '../numeric/tensor.ts';
import { canonicalForm } from '../rewrite/index.ts';
import { forkAt, nodesBetween } from './find.ts';
import type { CarryPlan } from './plan.ts';
import { planBlock } from './plan-block.ts';
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
  const reserve = pointwise(from, edits, {
    before: path[0] ?? add,
    name: `${name}.reserve`,
    weight: floats([inputs, inputs, 1, 1], identityShortcut(inputs).matrix),
    strides: isLearned ? [1, 1] : shortcut.strides,
  });
  const reserved = onlyOutput(reserve);
  let merge: Node | null = null;
  if (isLearned) path.forEach((node) => readInstead(node, { from, to: reserved, edits }));
  else {
    const weight = floats([outputs, inputs, 1, 1], matrix);
    merge = pointwise(reserved, edits, { before: add, name: `${name}.merge`, weight, strides: [1, 1] });
    readInstead(add, { from: side, to: onlyOutput(merge), edits });
  }
  edits.apply();
  removeDeadNodes(graph);
  inferShapes(graph);
  const branch = stages.flatMap((stage) => (stage.kind === 'convolution' ? [nodeName(stage.conv.node)] : []));
  return { add: name, reserve: nodeName(reserve), merge: merge && nodeName(merge), branch };
}

interface Pointwise {
  readonly before: Node;
  readonly name: string;
  readonly weight: Float32Tensor;
  readonly strides: readonly [number, number];
}

/** Inserts a 1×1 convolution without a bias. */
function pointwise(x: Value, edits: Edits, { before, name, weight, strides }: Pointwise): Node {
  const inputs = [x, edits.constant(weight, `${name}.weight`)];
  const attributes = { kernel_shape: [1, 1], strides: [...strides] };
  return edits.producer.get(edits.insertBefore(before, { op: 'Conv', name, inputs, attributes }))!;
}

interface Redirection {
  readonly from: Value;
  readonly to: Value;
  readonly edits: Edits;
}

function readInstead(node: Node, { from, to, edits }: Redirection): void {
  const inputs = node.inputs.map((value) => (value === from ? to : value));
  edits.setInputs(node, inputs);
}
