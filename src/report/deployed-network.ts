import { originalLayerCosts } from '../deploy/compress.ts';
import type { Deployment } from '../deploy/deploy.ts';
import type { Graph } from '../graph/graph.ts';
import type { Evaluation } from '../measure/accuracy.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { QuantizedNetwork } from '../quantization/quantize-on-images.ts';
import type { RunEvent } from '../training/run-directory.ts';
import { smallGain } from './latency.ts';
import { type Measured, sizes } from './measured-network.ts';

/** The 8-bit network compared with its floating-point form, without the graph. */
export type Int8Report = Omit<QuantizedNetwork, 'graph'>;

/** Everything that is known about a deployed network. */
export interface DeploymentFacts extends Omit<Deployment, 'graph'> {
  /** Name and version. */
  readonly engine: string;
  readonly threads: number;
  readonly int8: Int8Report | null;
}

/** The networks of a deployment. */
export interface DeployedNetworks {
  /** The given network. */
  readonly network: Graph;
  /** In its fastest forms, in floating point. */
  readonly quick: Graph;
  /** The network to write. */
  readonly graph: Graph;
}

/** A deployment in the form that runs record. */
export function deploymentPoint(facts: DeploymentFacts): RunEvent {
  const { layers, multiple, macs, latency, quotient, error, engine, threads, int8 } = facts;
  const found = { engine, threads, layers, multiple, macs, latency, quotient, error };
  return { type: 'deployment', ...found, int8: int8 && int8Point(int8) };
}

const int8Point = ({ layers, accuracy, latency: { models }, agreement }: Int8Report) => ({
  layers: layers.length,
  top1: accuracy && { float: accuracy.float.top1, int8: accuracy.int8.top1 },
  ms: { float: models[0]!.medianMs, int8: models[1]!.medianMs },
  ratio: models[1]!.ratio,
  ratioSpread: models[1]!.ratioSpread,
  sameClass: agreement.sameClass,
  images: agreement.images,
  outputs: agreement.outputs.map(({ name, error, same }) => ({ name, error, same })),
});

/**
 * Measures of both networks. For an 8-bit network, no speed-up over the given network is known, and layers are the
 * floating-point ones.
 */
export function measuredDeployment(
  { network, quick, graph }: DeployedNetworks,
  { latency, int8 }: DeploymentFacts,
  size: ImageSize | undefined,
): { readonly before: Measured; readonly after: Measured } {
  const accuracy = (found?: Evaluation) => (found ? { top1: found.top1, top5: found.top5 } : {});
  const { ratio: latencyRatio, ratioSpread } = latency;
  const speed = int8 ? {} : { latencyRatio, latencyRatioSpread: [...ratioSpread] as [number, number] };
  const shortest = (latencyMinMs: number) => (int8 ? {} : { latencyMinMs });
  const measures = (of: Graph, ms: number, found?: Evaluation) => ({
    ...sizes(of, size),
    ...shortest(ms),
    ...accuracy(found),
  });
  return {
    before: {
      graph: network,
      measures: measures(network, latency.before, int8?.accuracy?.float),
      layers: originalLayerCosts(network, size),
    },
    after: {
      graph,
      measures: { ...measures(graph, latency.after, int8?.accuracy?.int8), ...speed },
      layers: originalLayerCosts(quick, size),
    },
  };
}

/** A warning if a network is less than 5 % faster than before; else null. */
export function hardlyFaster({ latency, layers }: Pick<Deployment, 'latency' | 'layers'>): string | null {
  const small = smallGain(latency);
  if (small === null) return null;
  const skipped = layers.some(({ form }) => form !== 'dense');
  const why =
    layers.length === 0
      ? 'no convolution has a zero stripe; smaller zeros are computed like other numbers and save no time'
      : skipped
        ? 'the layers are too small, or too few stripes are zero'
        : 'no form that skips zero stripes is faster on this machine than the dense network, which was written';
  return `${small}: ${why}`;
}
