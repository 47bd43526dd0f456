import type { Graph } from '../graph/graph.ts';
import { inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { benchmark } from '../measure/latency.ts';
import { costs } from '../measure/macs.ts';
import { serializeModel } from '../onnx/index.ts';
import { latencyMeasures } from './latency.ts';
import type { LayerPoint, NetworkMeasures } from './run-record.ts';

/** A network and its measurements. */
export interface Measured {
  readonly graph: Graph;
  readonly measures: NetworkMeasures;
  /** Default: the layers of the graph. */
  readonly layers?: readonly LayerPoint[];
}

/** Parameters, MACs and bytes. */
export function sizes(graph: Graph, size?: ImageSize): NetworkMeasures {
  const { parameters, macs, bytes } = costs(graph, { size });
  return { parameters, macs, bytes };
}

/** Adds latencies of all networks, measured in alternation on one thread. */
export async function withLatencies(
  networks: readonly Measured[],
  options: { readonly seconds: number; readonly signal?: AbortSignal; readonly size?: ImageSize | undefined },
): Promise<Measured[]> {
  const { models } = await benchmark(
    networks.map(({ graph }) => serializeModel(graph)),
    { ...options, inputs: Object.assign({}, ...networks.map(({ graph }) => inputFeedsOf(graph))) },
  );
  return networks.map((network, i) => ({
    ...network,
    measures: { ...network.measures, ...latencyMeasures(models[i]!) },
  }));
}

/** MACs and parameters of the layers, in the form that records store. */
export const layersOf = ({ graph, layers }: Measured): readonly LayerPoint[] =>
  layers ?? costs(graph).layers.map(({ name, macs, parameters }) => ({ name, macs, parameters }));
