import { isRefusal, type Refusal, type Refused, refuse, refusedAt } from '../graph/edit/refused.ts';
import { type Graph, type Node, nodeName } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes } from '../graph/topology.ts';
import { canonicalForm } from '../rewrite/index.ts';
import { carry, columnsOf } from './carry.ts';
import { forkAt } from './find.ts';
import type { CarryPlan, MiddleForm } from './plan.ts';
import { planBlock } from './plan-block.ts';

/** Options of {@link convertResiduals}. */
export interface ConvertOptions {
  /** Whether to convert the block that ends in an Add of this name; default: all. */
  readonly only?: ((add: string) => boolean) | undefined;
  /** Blocks whose convolutions would have more than this times the weights stay. Default: any growth. */
  readonly maxGrowth?: number | undefined;
  /** How carried channels get past convolutions in the middle of a block; default `widen`. */
  readonly middle?: MiddleForm;
}

/** A residual connection that was removed. */
export interface ConvertedResidual {
  readonly add: string;
  readonly from: string;
  /** Channels that ride along. */
  readonly carried: number;
  /** Weights of the block's convolutions, the shortcut's included. */
  readonly weightsBefore: number;
  readonly weightsAfter: number;
}

/** A network after its residual blocks were converted, block by block. */
export interface ConvertedResiduals {
  readonly graph: Graph;
  readonly converted: readonly ConvertedResidual[];
  /** Residual connections that stay, and why. */
  readonly refusals: readonly Refused[];
}

/**
 * Removes residual connections: a network of blocks y = f(x) + s(x) becomes a plain chain that computes the same, every
 * layer of which may have any width (the RM operation; Meng et al., 2021, arXiv:2111.00687). BatchNormalization that can be
 * folded should be folded first. Exact up to rounding; what has another form stays, with its reason.
 *
 * @example
 * const { graph: folded } = foldBatchNormalization(canonicalForm(network).graph);
 * const { graph, refusals } = convertResiduals(folded);
 */
export function convertResiduals(network: Graph, options: ConvertOptions = {}): ConvertedResiduals {
  const { graph } = canonicalForm(network);
  inferShapes(graph);
  const converted: ConvertedResidual[] = [];
  const refusals: Refused[] = [];
  for (const add of graph.nodes.filter((node) => isOperator(node, 'Add'))) {
    const name = nodeName(add);
    if (options.only && !options.only(name)) continue;
    const fork = forkAt(graph, graph.nodes.indexOf(add));
    if (!fork) continue;
    const plan = planBlock(graph, fork, options.middle ?? 'widen');
    const refusal = isRefusal(plan) ? plan : tooLarge(plan, options.maxGrowth);
    if (refusal) refusals.push(refusedAt(add, refusal));
    else if (!isRefusal(plan)) converted.push(convert(plan, name));
  }
  return { graph, converted, refusals };
}

function convert(plan: CarryPlan, add: string): ConvertedResidual {
  const { graph, from, width } = plan;
  const [weightsBefore, weightsAfter] = weightsOf(plan);
  carry(plan);
  removeDeadNodes(graph);
  inferShapes(graph);
  return { add, from: from.name, carried: width, weightsBefore, weightsAfter };
}

function tooLarge(plan: CarryPlan, most = Number.POSITIVE_INFINITY): Refusal | null {
  const [before, after] = weightsOf(plan);
  if (after / before <= most) return null;
  const times = (after / before).toFixed(1);
  const reason = `its convolutions would have ${times} times the weights, more than the ${most} allowed`;
  return refuse('too-costly', reason);
}

/** Weights of the block's convolutions before and after. */
function weightsOf(plan: CarryPlan): [number, number] {
  const { stages, shortcut, width, mergesInLast, first, last, add, graph, middle } = plan;
  let [before, after] = [shortcutWeights(graph, add, stages), 0];
  for (const stage of stages) {
    if (stage.kind !== 'convolution') continue;
    const { conv } = stage;
    const { weight, filters, channels, group, kernel } = conv;
    const columns = group > 1 ? channels : columnsOf(conv, plan).columns;
    const rows = mergesInLast && conv === last ? filters : filters + width;
    const isBeside = middle === 'concat' && conv !== first && conv !== last;
    before += weight.data.length;
    after += isBeside ? weight.data.length : rows * columns * kernel[0] * kernel[1];
  }
  if (!mergesInLast) after += shortcut.outputs * (shortcut.outputs + width);
  return [before, after];
}

/** Weights on the way from the fork to the Add that are none of the branch's. */
function shortcutWeights(graph: Graph, add: Node, stages: CarryPlan['stages']): number {
  const { producer } = connections(graph);
  const own = new Set(stages.flatMap((stage) => (stage.kind === 'convolution' ? [stage.conv.node] : [])));
  return add.inputs.reduce((sum, value) => {
    const node = value && producer.get(value);
    return isOperator(node, 'Conv') && !own.has(node)
      ? sum + (node.inputs[1]?.tensor?.data.length ?? 0)
      : sum;
  }, 0);
}
