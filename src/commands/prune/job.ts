import type { Graph } from '../../graph/graph.ts';
import { resolvePreprocessing } from '../../measure/resolve-preprocessing.ts';
import { inElementType, openTimer } from '../../measure/runtimes.ts';
import type { Timer } from '../../measure/timer.ts';
import { pruningDefaults } from '../../pruning/defaults.ts';
import { givenTarget } from '../../pruning/iterative/check-request.ts';
import type { PruningData, PruningJob } from '../../pruning/iterative/job.ts';
import { needsTimer, type PruningSettings } from '../../pruning/iterative/settings.ts';
import type { PreparedNetwork } from '../../pruning/prepared-network.ts';
import { insertOnImages } from '../../pruning/recovery/insert-on-images.ts';
import { readSensitivity } from '../../pruning/sensitivity/read-sensitivity.ts';
import { expectFloatWeights, expectLayersOfNumbers } from '../../quantization/expect-float.ts';
import { defaultExecutor } from '../../runtime/default-executor.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { Context } from '../command.ts';
import { openData } from '../data-flags.ts';
import { inputOptions } from '../input-flags.ts';
import { type LoadedModel, loadModel } from '../model.ts';
import { openRun, type PlannedRun } from '../training/recipe.ts';
import { openTrainingSession, trainOptions } from '../training/session.ts';
import { distillingOf } from '../training/teacher-flags.ts';
import { type PruneSettings, type pruneFlags, retraining } from './flags.ts';
import { openSearch } from './search.ts';
import { watchPruning } from './watch.ts';

/** A pruning job of the command line. */
export interface PruneJob extends PruningJob {
  readonly options: PruneSettings;
  readonly model: LoadedModel;
}

/** A run whose options may lack data, epochs and a place. */
export type PlannedPruning = PlannedRun<typeof pruneFlags, never>;

/** Loads model and data; the run's folder is created last, where there is one. */
export async function openPruneJob(planned: PlannedPruning, context: Context): Promise<PruneJob> {
  const { settings: options } = planned;
  const { prepareChannels } = await import('../../pruning/prepared-network.ts');
  const { comparisonOnTestImages, openPruningData } = await import('../../pruning/iterative/pruning-data.ts');
  const executor = await defaultExecutor();
  const sensitivity = options.sensitivity === undefined ? null : await readSensitivity(options.sensitivity);
  const { epochs } = options;
  const session =
    epochs === undefined
      ? null
      : await openTrainingSession(
          { ...planned, settings: retraining(options, epochs) },
          context,
          await distillingOf(options, context),
        );
  const model = session?.model ?? (await loadModel(options.model, context, inputOptions(options)));
  if (!session) checkQuantized(model, options);
  const opened = session
    ? { network: session.network, data: await openPruningData(session.data, session.preprocessing, options) }
    : await openPruneData(options, model, context);
  const { data } = opened;
  const network =
    session?.network ?? (await untrained(opened.network, { settings: options, data, executor, context }));
  const original = await prepareChannels(network, executor, { size: options.size });
  await checkGlobs(options, original);
  const run = session?.run ?? (await openRun(planned));
  return {
    options,
    settings: pruningSettings(options),
    model,
    ...(options.insertBatchnorm ? {} : { reference: { graph: model.given, restore: model.form.restore } }),
    original,
    executor,
    data,
    comparison: data && comparisonOnTestImages(network, data, { executor, settings: options }),
    sensitivity,
    search: (cut) => openSearch(options.search, { run, context, cut }),
    timer: needsTimer(options) ? await openLatencyTimer(context, model) : null,
    retraining: session && {
      epochs: epochs!,
      distills: options.distill === true || options.teacher !== undefined,
      options: (some) => trainOptions(session, retraining(options, some), context),
    },
    run,
    ...watchPruning(context),
  };
}

/** What the library calls the options of the command line. */
function pruningSettings(options: PruneSettings): PruningSettings {
  const { exclude = [], layerRatio = [], recover } = options;
  const excluded = exclude.map((glob) => ({ glob, ratio: 0 }));
  const wanted = recover?.flatMap((name) => (name === 'none' ? [] : [name]));
  return {
    ...pruningDefaults,
    ...options,
    target: givenTarget(options) ?? { measure: 'ratio', fraction: 0 },
    layerRatios: [...excluded, ...layerRatio],
    recover: wanted,
    maskEpochs: options.maskEpochs ?? pruningDefaults.maskEpochs,
    maskStrength: options.maskStrength ?? pruningDefaults.maskStrength,
    maskThreshold: options.maskThreshold ?? pruningDefaults.maskThreshold,
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
  { coupling }: PreparedNetwork,
): Promise<void> {
  const { layerTitle } = await import('../../pruning/ranking/units.ts');
  const layers = coupling.found.layers.map(layerTitle);
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
  readonly data: PruningData | null;
  readonly executor: Executor;
  readonly context: Context;
}

async function untrained(graph: Graph, { settings, data, executor, context }: Opening): Promise<Graph> {
  const { foldConstants } = await import('../../rewrite/index.ts');
  const folded = await foldConstants(graph, executor);
  if (!settings.insertBatchnorm || !data) return folded;
  const { preprocessing, set } = data;
  const { seed } = settings;
  const images = set.train;
  return insertOnImages(folded, { images, preprocessing, executor, seed, onNote: context.note });
}

/** The network, its class scores known where labels are of use, and its data. */
async function openPruneData(
  settings: PruneSettings,
  model: LoadedModel,
  context: Context,
): Promise<{ readonly network: Graph; readonly data: PruningData | null }> {
  if (settings.data === undefined) return { network: model.graph, data: null };
  const { networkOnImages } = await import('../../measure/network-on-images.ts');
  const { openPruningData } = await import('../../pruning/iterative/pruning-data.ts');
  const preprocessing = resolvePreprocessing(model, settings);
  const options = { ...settings, purpose: 'calibrate', unlabelled: true } as const;
  const found = await openData(settings.data, preprocessing, options);
  if (settings.criterion === 'taylor' && found.train.classes.length > 0) {
    const { classScores } = await import('../../measure/outputs/class-scores.ts');
    classScores(model.graph, { logits: settings.logits, classes: found.train.classes.length });
  }
  const { network, data } = networkOnImages(model.graph, {
    data: found,
    preprocessing,
    logits: settings.logits,
    onNote: context.note,
  });
  return { network, data: await openPruningData(data, preprocessing, settings) };
}
