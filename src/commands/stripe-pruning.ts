import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { layerCosts } from '../measure/macs.ts';
import { keptStripes } from '../report/filter-shapes.ts';
import type { LayerPoint } from '../report/index.ts';
import { stripeController } from '../stripes/controller.ts';
import { layerName, stripeLayers } from '../stripes/layers.ts';
import type { PaceName } from '../stripes/pace.ts';
import { removeDeadFilters } from '../stripes/remove-dead.ts';
import { filterShapes, type LayerShapes } from '../stripes/shapes.ts';
import { hasStripes } from '../stripes/skeleton.ts';
import type { Controller } from '../training/train.ts';

interface StripeOptions {
  readonly sr: number;
  readonly threshold: number;
  readonly macs?: number;
  readonly pace?: PaceName;
  readonly until: number;
  readonly weightDecay: number;
  readonly skeletonWeightDecay?: number;
  readonly momentum: number;
  readonly freezeWeights: boolean;
}

/** The controller that learns the shapes of a network's filters; throws `unsupported` where none has any to learn. */
export function openController(network: Graph, options: StripeOptions): Controller {
  const { layers, totalMacs } = stripeLayers(network);
  if (layers.length === 0) {
    throw new EspalierError('unsupported', 'expected a convolution with a kernel above 1×1, found none', {
      where: network.name,
    });
  }
  const { sr: alpha, threshold, macs, until, momentum, freezeWeights } = options;
  const pace = options.pace ?? (macs === undefined ? 'threshold' : 'gradual');
  const weightDecay = options.skeletonWeightDecay ?? options.weightDecay;
  const target = macs ?? null;
  return stripeController({
    layers,
    totalMacs,
    pace,
    alpha,
    threshold,
    target,
    until,
    weightDecay,
    momentum,
    freezeWeights,
  });
}

/** A network without its dead filters, and what the living stripes cost. */
export interface PrunedNetwork {
  readonly graph: Graph;
  readonly shapes: readonly LayerShapes[];
  /** MACs and parameters of the living stripes and of everything without stripes. */
  readonly costs: { readonly macs: number; readonly parameters: number };
  readonly layers: readonly LayerPoint[];
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
}

/** Removes the dead filters of a masked network. */
export function prunedNetwork(network: Graph): PrunedNetwork {
  const { graph, leftAlone: kept } = removeDeadFilters(network);
  const layers = stripeCosts(graph);
  const total = (key: 'macs' | 'parameters') => layers.reduce((sum, layer) => sum + (layer[key] ?? 0), 0);
  const leftAlone = [
    ...kept.map(({ name, filters, reason }) => ({ name, reason: `${filters} dead filters stay: ${reason}` })),
    ...withoutStripes(network),
  ];
  const costs = { macs: total('macs'), parameters: total('parameters') };
  return { graph, shapes: filterShapes(network), costs, layers, leftAlone };
}

/** Each layer's costs with its dead stripes left out. */
function stripeCosts(graph: Graph): LayerPoint[] {
  const kept = new Map(filterShapes(graph).map((layer) => [layer.layer, keptStripes(layer)]));
  const weights = new Map(
    graph.nodes.filter(hasStripes).map((node) => [layerName(node), node.inputs[1]?.tensor?.data.length ?? 0]),
  );
  return layerCosts(graph).map(({ name, macs, parameters }) => {
    const dead = 1 - (kept.get(name) ?? 1);
    const dropped = Math.round((weights.get(name) ?? 0) * dead);
    return { name, macs: Math.round(macs * (1 - dead)), parameters: parameters - dropped };
  });
}

function withoutStripes(network: Graph): { name: string; reason: string }[] {
  return network.nodes
    .filter((node) => node.op === 'Conv' && !hasStripes(node))
    .map((node) => ({
      name: layerName(node),
      reason: 'its kernel is 1×1: one stripe a filter, no shape to learn',
    }));
}
