import { originalLayerCosts } from '../../deploy/compress.ts';
import type { Deployment } from '../../deploy/deploy.ts';
import { namedReasons } from '../../graph/edit/refused.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Evaluation } from '../../measure/accuracy.ts';
import type { ImageSize } from '../../measure/image-size.ts';
import { type Measured, sizes } from '../../report/measured-network.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import { finishRun } from '../training/result.ts';
import { writeModel } from '../write-model.ts';
import type { DeploySettings } from './flags.ts';
import type { Int8Report } from './quantize.ts';

interface Networks {
  /** As it was given. */
  readonly network: Graph;
  /** In its quickest forms, in float. */
  readonly quick: Graph;
  /** What is written. */
  readonly graph: Graph;
}

interface Writing {
  /** null where a file is written. */
  readonly run: RunDirectory | null;
  readonly settings: DeploySettings;
  readonly tried: Tried;
}

/** All that is known of what is written. */
interface Tried extends Omit<Deployment, 'graph'> {
  readonly engine: string;
  readonly threads: number;
  readonly int8: Int8Report | null;
}

/** Writes the network, with the record of the run where it has one; the path of the model. */
export async function writeDeployment(
  networks: Networks,
  { run, settings, tried }: Writing,
): Promise<string> {
  if (!run) {
    await writeModel(networks.graph, settings.out!);
    return settings.out!;
  }
  const { layers, leftAlone, multiple, macs, latency, quotient, error, engine, threads, int8 } = tried;
  run.record({ type: 'left-alone', layers: namedReasons(leftAlone) });
  const found = { engine, threads, layers, multiple, macs, latency, quotient, error };
  run.record({ type: 'deployment', ...found, int8: int8 && summaryOf(int8) });
  return finishRun({ run }, measured(networks, tried, settings.size));
}

const summaryOf = ({ layers, accuracy, latency: { models }, agreement }: Int8Report) => ({
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
function measured(
  { network, quick, graph }: Networks,
  { latency, int8 }: Tried,
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
