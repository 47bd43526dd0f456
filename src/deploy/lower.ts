import { couple } from '../channels/coupling/index.ts';
import { reorderFilters, type UncoupledLayers, uncoupledLayers } from '../channels/uncoupled-layers.ts';
import { assert } from '../errors.ts';
import { type Builder, builderOf } from '../graph/builder.ts';
import { cloneGraph } from '../graph/clone.ts';
import { isRefusal, type Refused, refuse } from '../graph/edit/refused.ts';
import {
  type Graph,
  type Node,
  nodeLabel,
  nodeName,
  onlyOutput,
  requiredInput,
  type Value,
} from '../graph/graph.ts';
import { isOperator } from '../graph/operators/index.ts';
import { inferShapes } from '../graph/shapes/index.ts';
import { type Connections, connections, removeDeadNodes } from '../graph/topology.ts';
import { type Convolution, readStripes, withFilters } from './forms/convolution.ts';
import { hasDeadStripes } from './forms/index.ts';
import { type FormPlan, keepsOrder } from './forms/plan.ts';

/** A convolution with dead stripes, and its position in the network. */
export interface DeadStripeLayer {
  readonly name: string;
  readonly conv: Convolution;
  /** Whether no other layer shares its channels, so that its filters can be reordered. */
  readonly own: boolean;
  /** The operator that reads its output, if there is only one reader: `Relu`, `Add`. */
  readonly reader: string | null;
}

/** Chooses how a layer is computed; null keeps it. */
export type PlanChooser = (layer: DeadStripeLayer) => Promise<FormPlan | null> | FormPlan | null;

/** A network in which convolutions were replaced by plans. */
export interface LoweredNetwork {
  readonly graph: Graph;
  readonly layers: readonly { readonly name: string; readonly form: string }[];
  readonly leftAlone: readonly Refused[];
}

interface ChosenPlan {
  readonly plan: FormPlan;
  /** A Relu that is applied to each of the plan's maps before they are concatenated. */
  readonly relu: Node | null;
  /** Whether the filters are already in the plan's order. */
  readonly sorted: boolean;
}

/**
 * Rewrites each convolution with dead stripes by the chosen plan, exactly. `sized` is the same network with fixed sizes, from
 * which plans are made if this network leaves its sizes open.
 */
export async function lowerConvolutions(
  network: Graph,
  choose: PlanChooser,
  sized: Graph = network,
): Promise<LoweredNetwork> {
  const graph = cloneGraph(network);
  inferShapes(graph);
  const links = connections(graph);
  const channels = uncoupledLayers(graph, couple(graph));
  const plans = new Map<Node, FormPlan>();
  const layers: { name: string; form: string }[] = [];
  const leftAlone: Refused[] = [];
  for (const [i, node] of graph.nodes.entries()) {
    if (!isOperator(node, 'Conv')) continue;
    const where = nodeName(node);
    const open = readStripes(node);
    const conv = isRefusal(open) ? open : readStripes(sized.nodes[i] ?? node);
    if (isRefusal(conv)) {
      leftAlone.push({ ...conv, where });
      continue;
    }
    if (!hasDeadStripes(conv)) continue;
    const sharer = links.uses.get(requiredInput(node, 1))?.find((use) => use.node !== node);
    if (sharer) {
      const other = sharer.node ? nodeLabel(sharer.node) : 'the output';
      const reason = `it shares its weight with ${other}: another form would store the weight twice`;
      leftAlone.push({ ...refuse('shared', reason), where });
      continue;
    }
    const own = channels.sharedBecause(node) === null;
    const reader = onlyReader(links, node)?.op ?? null;
    const plan = await choose({ name: conv.name, conv, own, reader });
    layers.push({ name: conv.name, form: plan?.form ?? 'dense' });
    if (plan && plan.form !== 'dense') plans.set(node, plan);
  }
  applyPlans(graph, plans, channels);
  return { graph, layers, leftAlone };
}

/** The only node that reads the output of a node; null if there are several readers or it is a graph output. */
function onlyReader({ uses }: Connections, node: Node): Node | null {
  const output = onlyOutput(node);
  const [use, ...others] = uses.get(output) ?? [];
  return use && others.length === 0 ? use.node : null;
}

/** Applies all plans. Filters are reordered first, since that changes the weights of the layers that read them. */
function applyPlans(graph: Graph, plans: ReadonlyMap<Node, FormPlan>, channels: UncoupledLayers): void {
  const links = connections(graph);
  const chosen = new Map<Node, ChosenPlan>();
  for (const [node, plan] of plans) {
    const sorted = channels.sharedBecause(node) === null && reorderFilters(channels, node, plan.order);
    const reader = plan.joins ? onlyReader(links, node) : null;
    chosen.set(node, { plan, sorted, relu: isOperator(reader, 'Relu') ? reader : null });
  }
  replaceNodes(graph, chosen);
  removeDeadNodes(graph);
  inferShapes(graph);
}

function replaceNodes(graph: Graph, chosen: ReadonlyMap<Node, ChosenPlan>): void {
  const { nodes } = graph;
  const g = builderOf(graph);
  const absorbed = new Set([...chosen.values()].map(({ relu }) => relu));
  graph.nodes = [];
  for (const node of nodes) {
    const choice = chosen.get(node);
    if (choice) computeAs(g, node, choice);
    else if (!absorbed.has(node)) graph.nodes.push(node);
  }
}

/**
 * Appends the plan's nodes. The last one produces the output of the convolution, or of the Relu after it. A single
 * convolution gets the layer's name.
 */
function computeAs(g: Builder, node: Node, { plan, relu, sorted }: ChosenPlan): void {
  const read = readStripes(node);
  assert(!isRefusal(read), `${nodeName(node)} has lost its stripes`);
  const conv = sorted ? withFilters(read, placesIn(plan.order)) : read;
  const { nodes } = g.graph;
  const before = nodes.length;
  const made = lowerOrdered(g, conv, { plan, after: relu ? (map) => g.Relu(map) : undefined, sorted });
  const last = nodes.findLast(({ outputs }) => outputs[0] === made)!;
  last.outputs[0] = onlyOutput(relu ?? node);
  const convolutions = nodes.slice(before).filter((node) => isOperator(node, 'Conv'));
  if (convolutions.length === 1) convolutions[0]!.name = conv.name;
}

interface OrderedPlan {
  readonly plan: FormPlan;
  readonly after?: ((map: Value) => Value) | undefined;
  /** Whether readers of the maps expect the plan's order. */
  readonly sorted: boolean;
}

/** The maps of a plan, followed by a Gather if readers expect the original filter order. */
export function lowerOrdered(g: Builder, conv: Convolution, { plan, after, sorted }: OrderedPlan): Value {
  const maps = plan.lower(g, conv, after);
  if (sorted || keepsOrder(plan)) return maps;
  return g.named(`${conv.name}.order`).Gather(maps, g.int64s(placesIn(plan.order)), { axis: 1 });
}

/** The index of each filter in an order. */
function placesIn(order: readonly number[]): number[] {
  const places = new Array<number>(order.length);
  order.forEach((filter, place) => {
    places[filter] = place;
  });
  return places;
}
