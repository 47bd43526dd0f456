import { type Compressed, compressStripes, originalLayer } from '../deploy/compress.ts';
import { fastestForm } from '../deploy/forms/fastest-form.ts';
import type { Lowering, StripeForm } from '../deploy/forms/index.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { layerCosts } from '../measure/macs.ts';
import type { LayerPoint } from '../report/index.ts';
import type { Executor } from '../runtime/executor.ts';
import { type StripeController, stripeController } from '../stripes/controller.ts';
import { layerName, stripeLayers } from '../stripes/layers.ts';
import type { PaceName } from '../stripes/pace.ts';
import { latencyPricing } from '../stripes/shared/latency/pricing.ts';
import type { LatencyTable } from '../stripes/shared/latency/table.ts';
import type { SharedShape } from '../stripes/shared/pieces.ts';
import { hasStripes } from '../stripes/skeleton.ts';
import { normalizeStripes } from '../stripes/stripe-norms.ts';

interface StripeOptions {
  readonly sr: number;
  readonly threshold: number;
  readonly macs?: number;
  readonly latency?: number;
  readonly pace?: PaceName;
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
  readonly forms: Readonly<Partial<Record<StripeForm, number>>>;
  readonly leftAlone: readonly { readonly name: string; readonly reason: string }[];
}

/** Removes dead filters, lowers dead stripes, and checks the results against the masked network. */
export async function pruneNetwork(
  masked: Graph,
  executor: Executor,
  { form, seconds }: { readonly form: StripeForm; readonly seconds: number },
): Promise<PrunedNetwork> {
  const allDense = () => 'dense' as const;
  const smallest = await compressStripes(masked, { executor, choosers: [() => form, allDense] });
  const { dense, removal } = smallest;
  const [wanted, narrow] = smallest.lowered as [Lowering, Lowering];
  const choosers = [fastestForm(), allDense];
  const rounded = await compressStripes(masked, { executor, choosers, multiple: ROUND_WIDTH });
  const fastest = await quickest([...rounded.lowered, narrow], seconds);
  const error = Math.max(smallest.error, rounded.error);
  const forms: Partial<Record<StripeForm, number>> = {};
  for (const layer of fastest.layers) forms[layer.form] = (forms[layer.form] ?? 0) + 1;
  const leftAlone = [
    ...removal.leftAlone.map(({ name, filters, reason }) => ({
      name,
      reason: `${filters} dead filters stay: ${reason}`,
    })),
    ...wanted.leftAlone,
    ...withoutStripes(masked),
  ];
  const layers = layerPoints(wanted.graph);
  const deployed = wanted.graph;
  return {
    dense,
    deployed,
    fastest: fastest.graph,
    error,
    layers,
    forms,
    leftAlone,
  };
}

/** Widths that onnxruntime's fast convolutions take: blocks of 16 channels with AVX-512, of 8 without. */
const ROUND_WIDTH = 16;

/** A layer that is quicker by itself may undo what the engine fuses around it: whole networks are timed as well. */
async function quickest(candidates: readonly Lowering[], seconds: number): Promise<Lowering> {
  const { benchmark } = await import('../measure/latency.ts');
  const { serializeModel } = await import('../onnx/index.ts');
  const { models } = await benchmark(
    candidates.map(({ graph }) => serializeModel(graph)),
    { seconds },
  );
  const times = models.map(({ medianMs }) => medianMs);
  return candidates[times.indexOf(Math.min(...times))]!;
}

function layerPoints(deployed: Graph): LayerPoint[] {
  const layers = new Map<string, { name: string; macs: number; parameters: number }>();
  for (const { name: lowered, macs, parameters } of layerCosts(deployed)) {
    const name = originalLayer(lowered);
    const sum = layers.get(name) ?? { name, macs: 0, parameters: 0 };
    layers.set(name, { name, macs: sum.macs + macs, parameters: sum.parameters + parameters });
  }
  return [...layers.values()];
}

function withoutStripes(network: Graph): { name: string; reason: string }[] {
  return network.nodes
    .filter((node) => node.op === 'Conv' && !hasStripes(node))
    .map((node) => ({
      name: layerName(node),
      reason: 'its kernel is 1×1: one stripe a filter, no shape to learn',
    }));
}
