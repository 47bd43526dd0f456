import type { Graph } from '../graph/graph.ts';
import { inputFeedsOf } from '../graph/inputs/input-feeds.ts';
import type { ImageSize } from '../measure/image-size.ts';
import { benchmark } from '../measure/latency.ts';
import { type Costs, costs } from '../measure/macs.ts';
import { zip } from '../numeric/zip.ts';
import { serializeModel } from '../onnx/index.ts';
import { latencyMeasures } from './latency.ts';
import type { LayerPoint, NetworkMeasures } from './run-record.ts';

/** Measurements with parameters, MACs and bytes, which are known of every network. */
export type SizedMeasures = NetworkMeasures & Pick<Costs, 'parameters' | 'macs' | 'bytes'>;

interface TimedNetwork {
  readonly graph: Graph;
  readonly measures: NetworkMeasures;
}

/** A network and its measurements. */
export interface Measured extends TimedNetwork {
  readonly measures: SizedMeasures;
  /** Default: the layers of the graph. */
  readonly layers?: readonly LayerPoint[];
}

/** Parameters, MACs and bytes. */
export function sizes(graph: Graph, size?: ImageSize): SizedMeasures {
  const { parameters, macs, bytes } = costs(graph, { size });
  return { parameters, macs, bytes };
}

/** Adds latencies of all networks, measured in alternation on one thread. */
export async function withLatencies<N extends TimedNetwork>(
  networks: readonly N[],
  options: { readonly seconds: number; readonly signal?: AbortSignal; readonly size?: ImageSize | undefined },
): Promise<N[]> {
  const { models } = await benchmark(
    networks.map(({ graph }) => serializeModel(graph)),
    { ...options, inputs: Object.assign({}, ...networks.map(({ graph }) => inputFeedsOf(graph))) },
  );
  return zip(networks, models).map(([network, latency]) => ({
    ...network,
    measures: { ...network.measures, ...latencyMeasures(latency) },
  }));
}

/** MACs and parameters of the layers, in the form that records store. */
export const layersOf = ({ graph, layers }: Measured): readonly LayerPoint[] =>
  layers ?? costs(graph).layers.map(({ name, macs, parameters }) => ({ name, macs, parameters }));
