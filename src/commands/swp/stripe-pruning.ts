import { type Compressed, compressStripes, originalLayerCosts } from '../../deploy/compress.ts';
import { type Deployment, deployNetwork } from '../../deploy/deploy.ts';
import type { WrittenForm } from '../../deploy/forms/index.ts';
import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import type { LayerPoint } from '../../report/index.ts';
import type { Float32Form } from '../../rewrite/index.ts';
import type { Executor } from '../../runtime/executor.ts';
import { type StripeController, stripeController } from '../../stripes/controller.ts';
import { layerName, stripeLayers } from '../../stripes/layers.ts';
import type { MaskScheduleName } from '../../stripes/mask-schedule.ts';
import { latencyPricing } from '../../stripes/shared/latency/pricing.ts';
import type { LatencyTable } from '../../stripes/shared/latency/table.ts';
import type { SharedShape } from '../../stripes/shared/pieces.ts';
import { hasStripes } from '../../stripes/skeleton.ts';
import { normalizeStripes } from '../../stripes/stripe-norms.ts';
import { inElementType, openTimer } from '../measuring.ts';

interface StripeOptions {
  readonly sr: number;
  readonly threshold: number;
  readonly macs?: number;
  readonly latency?: number;
  readonly pace?: MaskScheduleName;
  readonly until: number;
  readonly skeletonStart?: 'one' | 'norm';
  readonly weightDecay: number;
  readonly skeletonWeightDecay?: number;
  readonly momentum: number;
  readonly freezeWeights: boolean;
  readonly noShrink?: boolean;
  readonly shapeBlock?: number;
  readonly shapes?: SharedShape;
  /** What --latency goes by. */
  readonly latencies?: LatencyTable;
}

/** A controller, and the network it is to steer: the same function, its stripes perhaps scaled otherwise. */
interface OpenedController {
  readonly controller: StripeController;
  readonly network: Graph;
}

/** The controller that learns the shapes of a network's filters; throws `unsupported` where none has any to learn. */
export function openController(network: Graph, options: StripeOptions): OpenedController {
  const found = stripeLayers(network);
  const { totalMacs } = found;
  if (found.layers.length === 0) {
    throw new EspalierError('unsupported', 'expected a convolution with a kernel above 1×1, found none', {
      where: network.name,
    });
  }
  const { sr: alpha, threshold, until, momentum, freezeWeights } = options;
  const target = options.macs ?? options.latency ?? null;
  const pace = options.pace ?? (target === null ? 'threshold' : 'gradual');
  const weightDecay = options.skeletonWeightDecay ?? options.weightDecay;
  const byNorm = (options.skeletonStart ?? (pace === 'gradual' ? 'norm' : 'one')) === 'norm';
  const started = byNorm ? normalizeStripes(network, found.layers) : { network, skeletons: undefined };
  const { layers } = stripeLayers(started.network);
  const controller = stripeController({
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
    shrink: !options.noShrink,
    ...(started.skeletons ? { start: started.skeletons } : {}),
    ...sharedShapes(started.network, options),
  });
  return { controller, network: started.network };
}

function sharedShapes(network: Graph, { shapeBlock, shapes, latencies }: StripeOptions) {
  if (shapeBlock === undefined) return {};
  const pricing = latencies && { pricing: latencyPricing(latencies) };
  return { shared: { block: shapeBlock, shapes: shapes ?? 'rectangles', network, ...pricing } } as const;
}

/** What pruning makes of a masked network. */
export interface PrunedNetwork extends Pick<Compressed, 'dense' | 'error'> {
  /** Dead stripes skipped in the form that was asked for. */
  readonly deployed: Graph;
  /** Dead stripes skipped where onnxruntime is quicker without them, layer by layer; nowhere, where that is quicker. */
  readonly fastest: Graph;
  /** The layers of the deployed network, by their names before lowering. */
  readonly layers: readonly LayerPoint[];
  /** How many layers of the fastest network took each form. */
  readonly forms: Readonly<Record<string, number>>;
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
}

interface PruneOptions {
  readonly form: WrittenForm;
  /** To measure the fastest network in. */
  readonly seconds: number;
  /** Height and width, where the network leaves them open. */
  readonly size?: ImageSize | undefined;
  readonly signal?: AbortSignal;
  /** Of the file, which networks are timed in. */
  readonly types: Float32Form;
  /** Compares what is made with the masked network; default true. */
  readonly verify?: boolean;
}

/** Removes dead filters, lowers dead stripes, and checks the results against the masked network. */
export async function pruneNetwork(
  masked: Graph,
  executor: Executor,
  { form, seconds, size, signal, types, verify = true }: PruneOptions,
): Promise<PrunedNetwork> {
  const { dense, removal, lowered, error } = await compressStripes(masked, { executor, form, verify, size });
  const { timer, close } = await openTimer('node', { threads: 1, signal });
  try {
    const fastest = await deployNetwork(masked, {
      executor,
      timer: inElementType(timer, types),
      seconds,
      size,
      verify,
    });
    const leftAlone = [
      ...removal.leftAlone.map(({ name, filters, reason }) => ({
        name,
        reason: `${filters} dead filters stay: ${reason}`,
      })),
      ...lowered.leftAlone,
      ...withoutStripes(masked),
    ];
    return {
      dense,
      deployed: lowered.graph,
      fastest: fastest.graph,
      error: error === null || fastest.error === null ? null : Math.max(error, fastest.error),
      layers: originalLayerCosts(lowered.graph, size),
      forms: countForms(fastest),
      leftAlone,
    };
  } finally {
    await close();
  }
}

function countForms({ layers }: Deployment): Record<string, number> {
  const forms: Record<string, number> = {};
  for (const { form } of layers) forms[form] = (forms[form] ?? 0) + 1;
  return forms;
}

function withoutStripes(network: Graph): { name: string; reason: string }[] {
  return network.nodes
    .filter((node) => node.op === 'Conv' && !hasStripes(node))
    .map((node) => ({
      name: layerName(node),
      reason: 'its kernel is 1×1: one stripe a filter, no shape to learn',
    }));
}
