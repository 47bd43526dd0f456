import { inElementType } from '../../measure/in-element-type.ts';
import { resolvePreprocessing } from '../../measure/resolve-preprocessing.ts';
import { openTimer } from '../../measure/runtimes.ts';
import type { Timer } from '../../measure/timer.ts';
import { completeSettings } from '../../pruning/defaults.ts';
import { givenTarget } from '../../pruning/iterative/check-request.ts';
import type { PruningJob, Retraining } from '../../pruning/iterative/job.ts';
import { openPruningJob } from '../../pruning/iterative/open-job.ts';
import { needsTimer, type PruningSettings } from '../../pruning/iterative/settings.ts';
import type { PreparedNetwork } from '../../pruning/prepared-network.ts';
import { readSensitivity } from '../../pruning/sensitivity/read-sensitivity.ts';
import { expectFloatWeights, expectLayersOfNumbers } from '../../quantization/expect-float.ts';
import { defaultExecutor } from '../../runtime/default-executor.ts';
import type { Context } from '../command.ts';
import { openData } from '../data-flags.ts';
import { inputOptions } from '../input-flags.ts';
import { type LoadedModel, loadModel } from '../model.ts';
import { openRun, type PlannedRun } from '../training/recipe.ts';
import { openTrainingSession, type TrainingSession, trainOptions } from '../training/session.ts';
import { distillingOf } from '../training/teacher-flags.ts';
import { type PruneSettings, type pruneFlags, retrainingSettings } from './flags.ts';
import { watchPruning } from './watch.ts';

/** A pruning job of the command line. */
export interface PruneJob extends PruningJob {
  readonly options: PruneSettings;
  readonly model: LoadedModel;
}

/** A run that may lack data, epochs and an output folder. */
export type PlannedPruning = PlannedRun<typeof pruneFlags, never>;

/** Loads model and data; creates the run directory last, if there is one. */
export async function openPruneJob(planned: PlannedPruning, context: Context): Promise<PruneJob> {
  const { settings: options } = planned;
  const { logits, insertBatchnorm, search } = options;
  const sensitivity = options.sensitivity ? await readSensitivity(options.sensitivity) : undefined;
  const { session = null, retraining = null } = (await openRetraining(planned, context)) ?? {};
  const model = session?.model ?? (await loadModel(options.model, context, inputOptions(options)));
  if (!session) checkQuantized(model, options);
  const asked = {
    ...(session || options.data === undefined ? {} : await openImages(options.data, model, options)),
    ...{ settings: pruningSettings(options), logits, insertBatchnorm, sensitivity, search },
    ...{ executor: await defaultExecutor(), onNote: context.note, ...watchPruning(context) },
    timer: needsTimer(options) ? await openLatencyTimer(model, context) : undefined,
  };
  const job = await openPruningJob(model, asked, session);
  await checkGlobs(options, job.original);
  return {
    ...job,
    ...{ options, model },
    retraining,
    run: session?.run ?? (await openRun(planned)),
  };
}

interface OpenedRetraining {
  readonly session: TrainingSession;
  readonly retraining: Retraining;
}

/** The training session of a job; null without retraining. */
async function openRetraining(planned: PlannedPruning, context: Context): Promise<OpenedRetraining | null> {
  const settings = retrainingSettings(planned.settings);
  if (!settings) return null;
  const distilling = await distillingOf(settings, context);
  const session = await openTrainingSession({ ...planned, settings }, context, distilling);
  const options = (epochs = settings.epochs) => trainOptions(session, { ...settings, epochs }, context);
  return { session, retraining: { epochs: settings.epochs, distillation: session.task ?? null, options } };
}

/** Images to calibrate and evaluate with; they need no classes. */
async function openImages(name: string, model: LoadedModel, settings: PruneSettings) {
  const preprocessing = resolvePreprocessing(model, settings);
  const options = { ...settings, purpose: 'calibrate', unlabelled: true } as const;
  return { preprocessing, data: await openData(name, preprocessing, options) };
}

/** Converts command line options to library settings. */
function pruningSettings(options: PruneSettings): PruningSettings {
  const { exclude = [], layerRatio = [], recover } = options;
  const settings = {
    ...options,
    layerRatios: [...exclude.map((glob) => ({ glob, ratio: 0 })), ...layerRatio],
    recover: recover?.filter((name) => name !== 'none'),
  };
  return completeSettings(givenTarget(options) ?? { measure: 'ratio', fraction: 0 }, settings);
}

/** Throws `usage` for options that do not apply to 8-bit integers. */
function checkQuantized({ graph, name }: LoadedModel, { granularity, recover }: PruneSettings): void {
  expectLayersOfNumbers(graph, name);
  if (granularity !== 'filter' && granularity !== 'channel')
    expectFloatWeights(graph, `--granularity ${granularity}`, name);
  if (recover?.some((step) => step !== 'none')) expectFloatWeights(graph, '--recover', name);
}

/** Throws `usage` if a glob of a flag matches no layer. */
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

async function openLatencyTimer({ form }: LoadedModel, { signal }: Context): Promise<Timer> {
  const { timer } = await openTimer('node', { threads: 1, cache: false, signal });
  return inElementType(timer, form);
}
