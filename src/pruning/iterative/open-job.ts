import type { DataSet } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Graph } from '../../graph/graph.ts';
import { networkOnImages } from '../../measure/network-on-images.ts';
import { classScores } from '../../measure/outputs/class-scores.ts';
import type { Timer } from '../../measure/timer.ts';
import { foldConstants, type NetworkForms } from '../../rewrite/index.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { TrainOptions } from '../../training/options.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import { prepareChannels } from '../prepared-network.ts';
import { insertOnImages } from '../recovery/insert-on-images.ts';
import type { UnitSensitivity } from '../sensitivity/measure.ts';
import type { PruningJob, PruningWatch } from './job.ts';
import { openPruningData, type PruningImages } from './pruning-data.ts';
import type { PruningSettings } from './settings.ts';

/** Options of {@link openPruningJob}. */
export interface PruningJobOptions extends PruningWatch {
  readonly settings: PruningSettings;
  readonly executor: Executor;
  readonly data?: DataSet | undefined;
  readonly preprocessing?: Preprocessing | undefined;
  readonly logits?: string | undefined;
  /** Whether to insert BatchNormalization that was folded; networks to be retrained already have it inserted. */
  readonly insertBatchnorm?: boolean | undefined;
  readonly sensitivity?: readonly UnitSensitivity[] | undefined;
  readonly search?: number | undefined;
  /** Of networks in the element types of the file. */
  readonly timer?: Timer | undefined;
  readonly run?: RunDirectory | undefined;
  onNote?(line: string): void;
}

/** A network in the form for training, with its images. */
export type RetrainedNetwork = Pick<TrainOptions, 'network' | 'data' | 'preprocessing'>;

/** Prepares everything for pruning, except retraining. */
export async function openPruningJob(
  forms: NetworkForms,
  options: PruningJobOptions,
  retrained: RetrainedNetwork | null,
): Promise<Omit<PruningJob, 'retraining'>> {
  const {
    settings,
    executor,
    insertBatchnorm,
    sensitivity = null,
    search = null,
    timer = null,
    run = null,
  } = options;
  const { network, images } = retrained
    ? { network: retrained.network, images: retrained }
    : await withoutTraining(forms.graph, options);
  return {
    ...options,
    reference: insertBatchnorm ? null : { graph: forms.given, restore: forms.form.restore },
    original: await prepareChannels(network, executor, settings),
    data: images && (await openPruningData(images, { original: network, executor, settings })),
    ...{ sensitivity, search, timer, run },
  };
}

/**
 * Without retraining: the images, if any, and the network with folded constants, known class scores and feeds for its other
 * inputs.
 */
async function withoutTraining(
  given: Graph,
  options: PruningJobOptions,
): Promise<{ readonly network: Graph; readonly images: PruningImages | null }> {
  const { settings, executor, data: images, logits, insertBatchnorm, onNote } = options;
  if (!images) return { network: await foldConstants(given, executor), images: null };
  const { seed, criterion } = settings;
  const classes = images.train.classes.length;
  if (criterion === 'taylor' && classes > 0) classScores(given, { logits, classes });
  const { network, data, preprocessing } = networkOnImages(given, { ...options, data: images });
  const folded = await foldConstants(network, executor);
  const inserting = { images: data.train, preprocessing, executor, seed, onNote };
  const prepared = insertBatchnorm ? await insertOnImages(folded, inserting) : folded;
  return { network: prepared, images: { data, preprocessing } };
}
