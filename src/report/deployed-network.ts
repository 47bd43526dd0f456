import { originalLayerCosts } from '../deploy/compress.ts';
import type { Deployment } from '../deploy/deploy.ts';
import type { Graph } from '../graph/graph.ts';
import type { Evaluation } from '../measure/accuracy.ts';
import type { ImageSize } from '../measure/image-size.ts';
import type { QuantizedNetwork } from '../quantization/quantize-on-images.ts';
import type { RunEvent } from '../training/run-directory.ts';
import { type Measured, sizes } from './measured-network.ts';

/** What became of a network in 8 bits, beside itself in float. */
export type Int8Report = Omit<QuantizedNetwork, 'graph'>;

/** All that is known of a deployed network. */
export interface DeploymentFacts extends Omit<Deployment, 'graph'> {
  /** With its version. */
  readonly engine: string;
  readonly threads: number;
  readonly int8: Int8Report | null;
}

/** The networks of a deployment. */
export interface DeployedNetworks {
  /** As it was given. */
  readonly network: Graph;
  /** In its fastest forms, in float. */
  readonly quick: Graph;
  /** What is written. */
  readonly graph: Graph;
}

/** A deployment as a run records it. */
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

/** Both networks. In 8 bits the time beside the network given is not known, and layers are those in float. */
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
