import type { Calibration } from '../../calibration/calibration.ts';
import type { Comparison } from '../../calibration/comparison.ts';
import type { DataSet } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Timer } from '../../measure/timer.ts';
import type { Original } from '../../pruning/rank-channels.ts';
import type { UnitSensitivity } from '../../pruning/sensitivity/measure.ts';
import { defaultExecutor } from '../../runtime/default-executor.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import type { Context } from '../command.ts';
import { openData } from '../data-flags.ts';
import { inputOptions, withOthersNoted } from '../input-flags.ts';
import { inElementType, openTimer } from '../measuring.ts';
import { type LoadedModel, loadModel } from '../model.ts';
import { resolvePreprocessing } from '../preprocessing.ts';
import { expectFloatWeights, expectLayersOfNumbers } from '../quantized.ts';
import { readSensitivity } from '../sensitivity/file.ts';
import { withBatchNormalization } from '../training/insert-batch-normalization.ts';
import { openRun, type PlannedRun } from '../training/recipe.ts';
import { openSession, type TrainingSession } from '../training/session.ts';
import { type PruneSettings, type pruneFlags, retraining } from './flags.ts';

/** Images to calibrate with, to evaluate on, and to retrain with. */
export interface PruneData {
  readonly set: DataSet;
  readonly preprocessing: Preprocessing;
  readonly calibration: Calibration;
}

/** All that pruning works on. */
export interface PruneJob {
  readonly settings: PruneSettings;
  readonly model: LoadedModel;
  /** What is pruned: constants folded, BatchNormalization put back where asked. */
  readonly network: Graph;
  readonly original: Original;
  readonly executor: Executor;
  readonly data: PruneData | null;
  /** Opens, once, what compares networks with the one that is pruned, on test images; null without images. */
  readonly comparison: (() => Promise<Comparison>) | null;
  /** Measured earlier, to choose widths by. */
  readonly sensitivity: readonly UnitSensitivity[] | null;
  /** Where retraining happens; null without it. */
  readonly session: TrainingSession | null;
  /** What times candidates; null where the target is no latency. */
  readonly timer: Timer | null;
  /** The record of the run; null where a file is written. */
  readonly run: RunDirectory | null;
}

/** A run whose settings may lack data, epochs and a place. */
export type PlannedPruning = PlannedRun<typeof pruneFlags, never>;

/** Loads model and data; the run's folder is created last, where there is one. */
export async function openPruneJob(planned: PlannedPruning, context: Context): Promise<PruneJob> {
  const { settings } = planned;
  const { openOriginal } = await import('../../pruning/rank-channels.ts');
  const executor = await defaultExecutor();
  const sensitivity = settings.sensitivity === undefined ? null : await readSensitivity(settings.sensitivity);
  const session =
    settings.epochs === undefined
      ? null
      : await openSession({ ...planned, settings: retraining(settings, settings.epochs) }, context);
  const model = session?.model ?? (await loadModel(settings.model, context, inputOptions(settings)));
  if (!session) checkQuantized(model, settings);
  const opened = session
    ? { network: session.network, data: await calibrated(session, settings) }
    : await openPruneData(settings, model, context);
  const { data } = opened;
  const network =
    session?.network ?? (await untrained(opened.network, { settings, data, executor, context }));
  const original = await openOriginal(network, executor, { size: settings.size });
  await checkGlobs(settings, original.layers);
  return {
    settings,
    model,
    network,
    original,
    executor,
    data,
    comparison: data && onceOpened(() => compareOnTestImages({ network, data, executor, settings })),
    sensitivity,
    session,
    timer: settings.latency === undefined ? null : await openLatencyTimer(context, model),
    run: session?.run ?? (await openRun(planned)),
  };
}

/** What 8-bit integers cannot have done to them. */
function checkQuantized({ graph, name }: LoadedModel, { granularity, recover }: PruneSettings): void {
  expectLayersOfNumbers(graph, name);
  if (granularity !== 'filter' && granularity !== 'channel')
    expectFloatWeights(graph, `--granularity ${granularity}`, name);
  if (recover?.some((step) => step !== 'none')) expectFloatWeights(graph, '--recover', name);
}

/** Throws `usage` for a glob of a flag that names no layer. */
async function checkGlobs(
  { exclude = [], layerRatio = [], explain }: PruneSettings,
  layers: readonly string[],
): Promise<void> {
  const { matcherOf } = await import('../../graph/name-globs.ts');
  const given = {
    '--exclude': exclude,
    '--layer-ratio': layerRatio.map(({ glob }) => glob),
    '--explain': explain === undefined ? [] : [explain],
  };
  for (const [option, globs] of Object.entries(given)) matcherOf(globs, layers, { option, what: 'layer' });
}

async function openLatencyTimer({ signal }: Context, { form }: LoadedModel): Promise<Timer> {
  const { timer } = await openTimer('node', { threads: 1, cache: false, signal });
  return inElementType(timer, form);
}

interface Opening {
  readonly settings: PruneSettings;
  readonly data: PruneData | null;
  readonly executor: Executor;
  readonly context: Context;
}

async function untrained(graph: Graph, { settings, data, executor, context }: Opening): Promise<Graph> {
  const { foldConstants } = await import('../../rewrite/index.ts');
  const folded = await foldConstants(graph, executor);
  if (!settings.insertBatchnorm || !data) return folded;
  const { preprocessing, set } = data;
  const calibrating = { images: set.train, preprocessing, executor, seed: settings.seed };
  return withBatchNormalization(folded, calibrating, context);
}

/** The network, its class scores known where labels are of use, and its data. */
async function openPruneData(
  settings: PruneSettings,
  model: LoadedModel,
  context: Context,
): Promise<{ readonly network: Graph; readonly data: PruneData | null }> {
  if (settings.data === undefined) return { network: model.graph, data: null };
  const { withLabelsIfUsed } = await import('../outputs.ts');
  const preprocessing = await resolvePreprocessing(model, settings);
  const options = { ...settings, purpose: 'calibrate', unlabelled: true } as const;
  const found = await openData(settings.data, preprocessing, options);
  if (settings.criterion === 'taylor' && found.train.classes.length > 0) {
    const { classScores } = await import('../../measure/outputs/class-scores.ts');
    classScores(model.graph, { logits: settings.logits, classes: found.train.classes.length });
  }
  const { network, data } = await withLabelsIfUsed(
    await withOthersNoted(model.graph, preprocessing, context),
    { data: found, logits: settings.logits },
    context,
  );
  return { network, data: await calibrated({ data, preprocessing }, settings) };
}

async function calibrated(
  { data, preprocessing }: { readonly data: DataSet; readonly preprocessing: Preprocessing },
  { calibrationImages: images, seed }: PruneSettings,
): Promise<PruneData> {
  const { openCalibration } = await import('../../calibration/calibration.ts');
  const calibration = await openCalibration(data.train, { preprocessing, images, seed });
  return { set: data, preprocessing, calibration };
}

/** Test images that networks are compared on. */
const COMPARED_IMAGES = 256;

interface Comparing {
  readonly network: Graph;
  readonly data: PruneData;
  readonly executor: Executor;
  readonly settings: PruneSettings;
}

async function compareOnTestImages({ network, data, executor, settings }: Comparing): Promise<Comparison> {
  const { openCalibration } = await import('../../calibration/calibration.ts');
  const { openComparison } = await import('../../calibration/comparison.ts');
  const { preprocessing, set } = data;
  const options = { preprocessing, images: COMPARED_IMAGES, seed: settings.seed };
  const calibration = { ...(await openCalibration(set.test, options)), labelled: false };
  return openComparison(network, { calibration, executor, outputs: settings.outputs });
}

function onceOpened<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open();
    return opened;
  };
}
