import type { Refused } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import type { Granularity } from '../pruning/iterative/settings.ts';
import { foldInserted } from '../pruning/recovery/insert-on-images.ts';
import {
  type DeployedStripes,
  type DeployStripesOptions,
  deployStripes,
  type StripeGain,
} from './deploy-stripes.ts';

/** A pruned network as it is written. */
export interface DeployedPruning extends Partial<Pick<DeployedStripes, 'layers'>> {
  readonly graph: Graph;
  /** Its other forms, by the names of their files. */
  readonly beside: Readonly<Record<string, Graph>>;
  readonly leftAlone: readonly Refused[];
  /** Against the masked network; null where nothing was compared. */
  readonly error: number | null;
  /** Of zero stripes; null where none were made. */
  readonly gain: StripeGain | null;
}

interface DeployPrunedOptions extends DeployStripesOptions {
  /** Folds BatchNormalization that was inserted for training into networks without zero stripes. */
  readonly folds?: boolean | undefined;
}

/** Skips the zero stripes of a pruned network in the form that is asked for; of other granularities it is written as it is. */
export async function deployPruned(
  network: Graph,
  granularity: Granularity,
  options: DeployPrunedOptions,
): Promise<DeployedPruning> {
  if (granularity !== 'stripe' && granularity !== 'group') {
    const graph = options.folds ? await foldInserted(network, options.executor) : network;
    return { graph, beside: {}, leftAlone: [], error: null, gain: null };
  }
  const { deployed, fastest, dense, ...made } = await deployStripes(network, options);
  const beside = { 'model-fastest.onnx': fastest, 'model-dense.onnx': dense };
  return { ...made, graph: deployed, beside };
}
