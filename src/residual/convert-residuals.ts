import { type Graph, type Node, nodeLabel, onlyOutput } from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { connections, removeDeadNodes } from '../graph/topology.ts';
import { canonicalForm } from '../rewrite/index.ts';
import type { Refusal } from '../rewrite/pass.ts';
import { readBranch } from './branch.ts';
import { carry } from './carry.ts';
import { type Fork, forkAt } from './find.ts';
import { type CarryPlan, type MiddleForm, planCarry } from './plan.ts';
import { rangesOf } from './range.ts';
import { readShortcut } from './shortcut.ts';

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
  readonly refusals: readonly Refusal[];
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
  const refusals: Refusal[] = [];
  for (const add of graph.nodes.filter((node) => isOperator(node, 'Add'))) {
    const name = add.name || onlyOutput(add).name;
    if (options.only && !options.only(name)) continue;
    const fork = forkAt(graph, graph.nodes.indexOf(add));
    if (!fork) continue;
    const plan = planOf(graph, fork, options.middle ?? 'widen');
    const reason = typeof plan === 'string' ? plan : tooLarge(plan, options.maxGrowth);
    if (typeof plan === 'string' || reason !== null) {
      refusals.push({ where: nodeLabel(add), reason: reason! });
      continue;
    }
    converted.push(convert(plan, name));
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

/** Either side may be the shortcut: of two that could be, the other with more convolutions is the branch. */
function planOf(graph: Graph, { add, from, sides }: Fork, middle: MiddleForm): CarryPlan | string {
  const links = connections(graph);
  const range = rangesOf(graph)(from);
  const plans = [sides, [sides[1], sides[0]] as const].map(([branch, side]): CarryPlan | string => {
    const shortcut = readShortcut(from, side, links);
    if (typeof shortcut === 'string') return shortcut;
    const stages = readBranch(from, branch, links);
    return typeof stages === 'string'
      ? stages
      : planCarry({ graph, add, from, stages, shortcut, range, middle });
  });
  const possible = plans.filter((plan): plan is CarryPlan => typeof plan !== 'string');
  const [best] = possible.sort((a, b) => b.stages.length - a.stages.length);
  if (best) return best;
  // A side that could not even be a shortcut says less than why the other is no branch.
  const reasons = plans as string[];
  return reasons.find((reason) => !reason.startsWith('no shortcut')) ?? reasons[0]!;
}

function tooLarge(plan: CarryPlan, most = Number.POSITIVE_INFINITY): string | null {
  const [before, after] = weightsOf(plan);
  return after / before > most
    ? `its convolutions would have ${(after / before).toFixed(1)} times the weights, more than the ${most} allowed`
    : null;
}

/** Weights of the block's convolutions before and after. */
function weightsOf(plan: CarryPlan): [number, number] {
  const { stages, shortcut, width, mergesInLast, first, last, readsDirectly, add, graph, middle } = plan;
  let [before, after] = [shortcutWeights(graph, add, stages), 0];
  for (const [place, stage] of stages.entries()) {
    if (stage.kind !== 'convolution') continue;
    const { filters, perGroup, group, kernel } = stage.conv;
    const size = kernel[0] * kernel[1];
    const isMerge = mergesInLast && place === last;
    const isDirect = place === first && readsDirectly;
    const further = isDirect ? 0 : place === first ? shortcut.inputs : width;
    const columns = group > 1 ? perGroup : perGroup + further;
    const own = filters * perGroup * size;
    const isBeside = middle === 'concat' && place !== first && place !== last;
    before += own;
    after += isBeside ? own : (isMerge ? filters : filters + width) * columns * size;
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
