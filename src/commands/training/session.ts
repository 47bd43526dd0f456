import type { DataSet } from '../../data/image-source.ts';
import type { Preprocessing } from '../../data/preprocessing.ts';
import { EspalierError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import type { TrainingEngine } from '../../runtime/choose.ts';
import type { Executor } from '../../runtime/executor.ts';
import type { Distilling } from '../../training/open-training.ts';
import type { TrainOptions } from '../../training/options.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import type { TrainingTask } from '../../training/tasks/task.ts';
import type { Context } from '../command.ts';
import { openData } from '../data-flags.ts';
import { engineText } from '../engines-text.ts';
import { inputOptions } from '../input-flags.ts';
import { isModelPath, type LoadedModel, loadModel } from '../model.ts';
import type { TrainingFlags } from './flags.ts';
import { watchTraining } from './progress.ts';
import type { PlannedRun, Settings } from './recipe.ts';

/** The state of a training command. */
export interface TrainingSession {
  readonly model: LoadedModel;
  /** The network in the form for training. */
  readonly network: Graph;
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
  /** Default: classification. */
  readonly task?: TrainingTask;
  readonly executor: Executor;
  /** The executor of the training step. */
  readonly trainer: Executor;
  readonly run: RunDirectory;
}

/** Loads model and data, then creates the run directory, or opens that of the run to resume. */
export async function openTrainingSession(
  planned: PlannedRun<TrainingFlags>,
  context: Context,
  distill?: Distilling,
): Promise<TrainingSession> {
  const { chooseExecutor } = await import('../../runtime/choose.ts');
  const { openTraining } = await import('../../training/open-training.ts');
  const { describeOthers } = await import('../../measure/beside-image.ts');
  const { createRunDirectory } = await import('../../training/run-directory.ts');
  const { holdRun } = await import('../../training/run-lock.ts');
  const { settings, recipe, existing } = planned;
  const { model, data, preprocessing } = isModelPath(settings.model)
    ? await openTrained(settings, context, distill !== undefined && !distill.labelWeight)
    : await openFresh(settings, context, distill);
  const { executor: trainer, engine: chosen } = await chooseExecutor(settings.executor);
  const layout = chosen.block === null ? '' : `, channels in blocks of ${chosen.block}`;
  context.note(`training with ${engineText(chosen)}${layout}`);
  if (chosen.reason) context.warn(`training runs in onnxruntime, several times slower: ${chosen.reason}`);
  const { elementType } = model.form;
  if (elementType !== 'float32')
    context.note(`${elementType}: trained in float32, written as ${elementType}`);
  const { insertBatchnorm, seed, logits, epochs, batch, labelSmoothing, augmentation } = settings;
  const opening = {
    data,
    epochs,
    batch,
    preprocessing,
    trainer,
    logits,
    labelSmoothing,
    augmentation,
    distill,
  };
  const opened = await openTraining(model.graph, opening);
  const { executor } = opened;
  for (const line of describeOthers(model.graph, opened.network)) context.note(line);
  const { insertOnImages } = await import('../../pruning/recovery/insert-on-images.ts');
  const inserting = { images: data.train, preprocessing, executor, seed, onNote: context.note };
  const network = insertBatchnorm ? await insertOnImages(opened.network, inserting) : opened.network;
  await holdRun(existing?.path ?? settings.out);
  const run = existing ?? createRunDirectory(settings.out, recipe);
  await recordEngines(run, chosen);
  const task = distill && opened.task ? { task: opened.task } : {};
  return { model, network, data, preprocessing, ...task, executor, trainer, run };
}

/** Records the versions that compute the following events. */
async function recordEngines(run: RunDirectory, { name, version }: TrainingEngine): Promise<void> {
  const { onnxruntimeVersion } = await import('../../runtime/onnxruntime/session.ts');
  const versions = { onnxruntime: await onnxruntimeVersion(), onednn: name === 'onednn' ? version : null };
  run.record({ type: 'engines', training: name, ...versions });
}

type Opened = Pick<TrainingSession, 'model' | 'data' | 'preprocessing'>;

async function openTrained(
  settings: Settings<TrainingFlags>,
  context: Context,
  nested: boolean,
): Promise<Opened> {
  const model = await loadModel(settings.model, context, inputOptions(settings));
  const { expectFloatWeights } = await import('../../quantization/expect-float.ts');
  expectFloatWeights(model.graph, 'training', model.name);
  const { resolvePreprocessing } = await import('../../measure/resolve-preprocessing.ts');
  const preprocessing = resolvePreprocessing(model, settings);
  return {
    model,
    preprocessing,
    data: await openData(settings.data, preprocessing, { ...settings, nested }),
  };
}

/** Builds a built-in network for the size and channels of the images, and for their classes or those of its teacher. */
async function openFresh(
  settings: Settings<TrainingFlags>,
  context: Context,
  distill: Distilling | undefined,
): Promise<Opened> {
  const { buildModel, zooModel } = await import('../../models/index.ts');
  const { dataSets, openDataSet } = await import('../../data/data-sets.ts');
  const known = zooModel(settings.model);
  if (!known) buildModel(settings.model); // throws, listing the known names
  const named = Object.hasOwn(dataSets, settings.data);
  const size = settings.size ?? (named ? undefined : known!.input.height);
  const { extents } = await import('../../measure/image-size.ts');
  const [rows, columns] = size === undefined ? [] : extents(size);
  const nested = distill !== undefined && !distill.labelWeight;
  const data = await openDataSet(settings.data, { ...settings, height: rows, width: columns, nested });
  const { channels, height, width } = data.train;
  if (height !== width) {
    const message = `expected square images for ${settings.model}, found ${height}×${width}`;
    throw new EspalierError('shape', message, { where: settings.data });
  }
  const { seed, initialScale: gamma } = settings;
  const { classesOf } = await import('../../measure/outputs/class-scores.ts');
  const taught = (nested && distill.teacher && classesOf(distill.teacher)) || undefined;
  const classes = data.train.classes.length || taught;
  const model = await loadModel(settings.model, context, {
    classes,
    channels,
    size: height,
    seed,
    gamma,
    ...inputOptions(settings),
  });
  const preset = named ? dataSets[settings.data]!.preprocessing : null;
  const zooPreprocessing = channels === model.zooPreprocessing?.mean.length ? model.zooPreprocessing : preset;
  const options = { ...settings, size: height };
  const { resolvePreprocessing } = await import('../../measure/resolve-preprocessing.ts');
  const preprocessing = resolvePreprocessing({ ...model, zooPreprocessing }, options);
  return { model, data, preprocessing };
}

/** The options of `train` for a session, with progress on the terminal. */
export function trainOptions(
  session: TrainingSession,
  settings: Settings<TrainingFlags>,
  context: Context,
): TrainOptions {
  const { lr: learningRate, evalEvery: evaluateEvery } = settings;
  const noDecayOn = noDecayRoles(settings);
  const { signal } = context;
  const resume = settings.resume !== undefined;
  const watched = watchTraining(context, settings.epochs);
  const onFallback = announceOnce(context);
  const onWarning = (line: string) => context.warn(line);
  const onNote = (line: string) => context.note(line);
  const beside = { learningRate, noDecayOn, evaluateEvery, resume, signal, onFallback, onWarning, onNote };
  return { ...settings, ...session, ...beside, ...watched };
}

/** The parameter roles without weight decay. */
export const noDecayRoles = ({ noWeightDecayOn = [] }: Settings<TrainingFlags>) =>
  noWeightDecayOn.flatMap((role) => (role === 'bn' ? (['scale', 'shift'] as const) : [role]));

/** Prints each operator that runs in another engine once. */
function announceOnce(context: Context): (operators: readonly string[]) => void {
  const named = new Set<string>();
  return (operators) => {
    const fresh = operators.filter((op) => !named.has(op));
    for (const op of fresh) named.add(op);
    if (fresh.length > 0) context.note(`without a oneDNN kernel, run by onnxruntime: ${fresh.join(', ')}`);
  };
}
