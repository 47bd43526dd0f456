import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type StripeController, stripeController } from './controller.ts';
import { stripeLayers } from './layers.ts';
import { stripeDefaults as defaults, type StripeLearning } from './learning.ts';
import { latencyCosts } from './shared/latency/costs.ts';
import type { LatencyTable } from './shared/latency/table.ts';
import { normalizeStripes } from './stripe-norms.ts';

interface ControllerOptions extends StripeLearning {
  /** Weight decay of the optimiser. */
  readonly weightDecay: number;
  readonly momentum: number;
  /** Measured latencies, for a target in latency. */
  readonly latencies?: LatencyTable | undefined;
}

/** A controller, and the network to train with it: the same function, but its stripes may be rescaled. */
interface OpenedController {
  readonly controller: StripeController;
  readonly network: Graph;
}

/** Opens the controller that learns the filter shapes of a network. Throws `unsupported` if no convolution has stripes. */
export function openController(network: Graph, options: ControllerOptions): OpenedController {
  const found = stripeLayers(network);
  if (found.layers.length === 0) {
    throw new EspalierError('unsupported', 'expected a convolution with a kernel above 1×1, found none', {
      where: network.name,
    });
  }
  const { alpha = defaults.alpha, threshold = defaults.threshold, until = defaults.until } = options;
  const { freezeWeights = defaults.freezeWeights, shrink = defaults.shrink } = options;
  const target = options.macs ?? options.latency ?? null;
  const pace = options.pace ?? (target === null ? 'threshold' : 'gradual');
  const weightDecay = options.skeletonWeightDecay ?? options.weightDecay;
  const byNorm = (options.skeletonStart ?? (pace === 'gradual' ? 'norm' : 'one')) === 'norm';
  const started = byNorm ? normalizeStripes(network, found.layers) : { network, skeletons: undefined };
  const controller = stripeController({
    ...{ alpha, threshold, until, freezeWeights, shrink, target, pace, weightDecay },
    momentum: options.momentum,
    layers: stripeLayers(started.network).layers,
    totalMacs: found.totalMacs,
    ...(started.skeletons ? { start: started.skeletons } : {}),
    ...blocksOf(started.network, options),
  });
  return { controller, network: started.network };
}

function blocksOf(network: Graph, options: ControllerOptions) {
  const { shapeBlock: block, shapes = defaults.shapes, latencies } = options;
  if (block === undefined) return {};
  return { shared: { block, shapes, network, ...(latencies && { costs: latencyCosts(latencies) }) } };
}
