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
  /** Which blocks to convert, by the name of the Add at their end; default: all. */
  readonly only?: ((add: string) => boolean) | undefined;
  /** Blocks whose convolutions would have more than this many times the weights are not converted. Default: no limit. */
  readonly maxGrowth?: number | undefined;
  /** How carried channels pass convolutions in the middle of a block; default `widen`. */
  readonly middle?: MiddleForm;
}

/** A residual connection that was removed. */
export interface ConvertedResidual {
  readonly add: string;
  readonly from: string;
  /** Number of carried channels. */
  readonly carried: number;
  /** Weights of the block's convolutions, including the shortcut's. */
  readonly weightsBefore: number;
  readonly weightsAfter: number;
}

/** The result of removing residual connections. */
export interface ConvertedResiduals {
  readonly graph: Graph;
  readonly converted: readonly ConvertedResidual[];
  /** Residual connections that were kept, with the reason. */
  readonly refusals: readonly Refused[];
}

/**
 * Removes residual connections: a network of blocks y = f(x) + s(x) becomes a plain chain that computes the same, in which
 * every layer may have any width (the RM operation; Meng et al., RMNet, 2021, arXiv:2111.00687). Fold BatchNormalization
 * first where possible. Exact up to rounding. Blocks of other forms are kept, with the reason.
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

/** Weights between fork and Add that do not belong to the branch. */
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
