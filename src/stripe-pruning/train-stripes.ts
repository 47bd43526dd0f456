import { type DeployedStripes, type DeployStripesOptions, deployStripes } from '../deploy/deploy-stripes.ts';
import { writtenForms } from '../deploy/written-forms.ts';
import { namedReasons } from '../graph/edit/refused.ts';
import type { Graph } from '../graph/graph.ts';
import { expectOptions, oneOf, positive } from '../option-schemas.ts';
import { formsOf, type NetworkForms } from '../rewrite/index.ts';
import { defaultExecutor } from '../runtime/default-executor.ts';
import { checkStripeLearning, type StripeLearning } from '../stripes/learning.ts';
import { openController } from '../stripes/open-controller.ts';
import type { LayerShapes } from '../stripes/shapes.ts';
import { timeLayers } from '../stripes/shared/latency/time-layers.ts';
import { openTraining, type TrainingOptions } from '../training/open-training.ts';
import type { TrainOptions } from '../training/options.ts';
import { type TrainResult, train } from '../training/train.ts';
import { stripePruningDefaults as defaults } from './defaults.ts';

/** Options of training, of learning shapes, and of deploying the result. */
export interface StripePruningOptions
  extends StripeLearning,
    Partial<Pick<DeployStripesOptions, 'form' | 'seconds' | 'verify' | 'timer'>> {
  /** Called with a line about steps other than training, such as timing layers. */
  onNote?(line: string): void;
}

/** A network with learned filter shapes, and its forms without dead stripes. */
export interface PrunedStripes extends Pick<TrainResult, 'epochs'>, DeployedStripes {
  /** The trained network, with zeros for dead stripes. */
  readonly masked: Graph;
  /** The shapes of all filters of the original network. */
  readonly shapes: readonly LayerShapes[];
}

/**
 * Learns the shape of each filter during training, prunes the stripes outside it, and deploys the network without them
 * (stripe-wise pruning; Meng et al., Pruning Filter in Filter, NeurIPS 2020, arXiv:2009.14410). With `macs` or `latency`,
 * pruning stops at the target, and the remaining epochs recover accuracy. Throws `usage` if an option is invalid or contradicts another,
 * `unsupported` if no convolution has a kernel larger than 1×1, `verification` if a result differs from the masked network.
 *
 * @example
 * const data = await openDataSet('cifar10');
 * const { deployed, fastest } = await trainStripes(network, { data, macs: 0.5, epochs: 8, learningRate: 0.03 });
 */
export async function trainStripes(
  network: Graph | NetworkForms,
  options: StripePruningOptions & TrainingOptions,
): Promise<PrunedStripes> {
  checkStripeLearning(options);
  expectOptions<StripePruningOptions>({ form: oneOf(writtenForms), seconds: positive }, options);
  const { graph, form: types } = await formsOf(network, options.executor ?? (await defaultExecutor()));
  const training = await openTraining(graph, options);
  const pruned = await learnStripes(training, { ...options, types });
  const { masked, deployed, fastest, dense } = pruned;
  return {
    ...pruned,
    masked: types.restore(masked),
    deployed: types.restore(deployed),
    fastest: types.restore(fastest),
    dense: types.restore(dense),
  };
}

/** Like {@link trainStripes}, for a network in the form for training; results are float32. */
export async function learnStripes(
  training: TrainOptions,
  options: StripePruningOptions & Pick<DeployStripesOptions, 'types'>,
): Promise<PrunedStripes> {
  const { network: given, run, executor, weightDecay = 0, momentum = 0.9, signal } = training;
  const { types, latency, shapeBlock: block, timer, onNote } = options;
  const { form = defaults.form, seconds = defaults.seconds, verify = defaults.verify } = options;
  const latencies =
    latency !== undefined && block !== undefined
      ? await timeLayers(given, { ...options, block, run, signal })
      : undefined;
  const { controller, network } = openController(given, { ...options, weightDecay, momentum, latencies });
  const { network: masked, epochs } = await train({ ...training, network, controller });
  onNote?.('choosing the fastest form of each layer');
  const deployed = await deployStripes(masked, { executor, form, seconds, verify, types, timer, signal });
  const shapes = controller.shapes(masked);
  run?.record({ type: 'shapes', shapes });
  run?.record({ type: 'left-alone', layers: namedReasons(deployed.leftAlone) });
  return { ...deployed, masked, shapes, epochs };
}
