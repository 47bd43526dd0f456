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

/** The networks to write for a pruned network. */
export interface DeployedPruning extends Partial<Pick<DeployedStripes, 'layers'>> {
  readonly graph: Graph;
  /** Other forms, by file name. */
  readonly beside: Readonly<Record<string, Graph>>;
  readonly leftAlone: readonly Refused[];
  /** Error against the masked network; null if not verified. */
  readonly error: number | null;
  /** The speed-up from zero stripes; null if there are none. */
  readonly gain: StripeGain | null;
}

interface DeployPrunedOptions extends DeployStripesOptions {
  /** Whether to fold BatchNormalization that was inserted for training, in networks without zero stripes. */
  readonly folds?: boolean | undefined;
}

/** Skips the zero stripes of a pruned network in the requested form; networks of other granularities are not changed. */
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
