import { join } from 'node:path';
import { type BatchStream, openBatches } from '../data/batches.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { evaluate } from '../measure/accuracy.ts';
import { bindDimensions } from '../rewrite/index.ts';
import type { Tensors } from '../runtime/executor.ts';
import { latestCheckpoint, saveCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { EpochResult, TrainOptions } from './options.ts';
import { learningRateAt } from './schedules.ts';
import { openTrainingStep, type TrainingStep, withState } from './training-step.ts';

/** Where a run stands: what a checkpoint holds beside tensors. */
interface Progress {
  /** Finished epochs. */
  epoch: number;
  /** Steps done in the current epoch. */
  stepInEpoch: number;
  lossSum: number;
  correct: number;
  best: number;
  controller: unknown;
}

export interface TrainResult {
  /** The network after the last step. */
  readonly network: Graph;
  readonly state: Tensors;
  readonly epochs: readonly EpochResult[];
}

/**
 * Trains a network: mini-batch steps of loss, gradients and optimiser, epoch by epoch, each evaluated. Everything
 * random is a function of (seed, epoch, step), so that a resumed run continues exactly. Throws
 * EspalierError('diverged') at the first loss that is not finite, 'interrupted' on the signal.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const batch = Math.min(options.batch, options.data.train.count);
  const fixed = bindDimensions(options.network, batch);
  const extensions = options.controller?.extensions ?? [];
  const step = await openTrainingStep(fixed, { ...options, extensions });
  const batches = openBatches(options.data.train, { ...options, batch, shuffle: true, dropLast: true });
  try {
    return await runEpochs({ options, batch, step, batches, started: 0, firstStep: 0 });
  } finally {
    await batches.close();
    await step.close();
  }
}

interface Session {
  readonly options: TrainOptions;
  readonly batch: number;
  readonly step: TrainingStep;
  readonly batches: BatchStream;
  /** When the current epoch began in this process, in ms, and with which of its steps. */
  started: number;
  firstStep: number;
}

async function runEpochs(session: Session): Promise<TrainResult> {
  const { options, step } = session;
  const progress: Progress = { epoch: 0, stepInEpoch: 0, lossSum: 0, correct: 0, best: -1, controller: null };
  if (options.resume) restore(session, progress);
  const results: EpochResult[] = [];
  while (progress.epoch < options.epochs) {
    await runSteps(session, progress);
    results.push(await finishEpoch(session, progress));
  }
  const state = copyState(step.state());
  return { network: networkOf(session, state), state, epochs: results };
}

function restore({ options, step }: Session, progress: Progress): void {
  const { run, controller } = options;
  const saved = run && latestCheckpoint<Progress>(run.path);
  if (!saved) {
    run?.rewind(-1);
    return;
  }
  step.load(saved.tensors);
  Object.assign(progress, saved.progress);
  controller?.restore(progress.controller);
  run.rewind(stepsDone(options, progress));
}

const stepsPerEpoch = ({ data, batch }: TrainOptions): number =>
  Math.floor(data.train.count / Math.min(batch, data.train.count));

const stepsDone = (options: TrainOptions, progress: Progress): number =>
  progress.epoch * stepsPerEpoch(options) + progress.stepInEpoch;

async function runSteps(session: Session, progress: Progress): Promise<void> {
  const { options, batch, step, batches } = session;
  const perEpoch = stepsPerEpoch(options);
  const totalSteps = perEpoch * options.epochs;
  const schedule = { ...options, warmupSteps: Math.round((options.warmupEpochs ?? 0) * perEpoch) };
  session.started = performance.now();
  session.firstStep = progress.stepInEpoch;
  let saved = session.started;
  for await (const { images, labels } of batches.epoch(progress.epoch, progress.stepInEpoch)) {
    const done = stepsDone(options, progress);
    const learningRate = learningRateAt(done, totalSteps, schedule);
    const scalars = { learningRate, step: done + 1, ...options.controller?.scalars() };
    const { loss, correct } = await step.run({ images, labels, scalars, keys: [options.seed, done] });
    refuseDivergence(loss, progress, learningRate);
    progress.stepInEpoch++;
    progress.lossSum += loss;
    progress.correct += correct;
    options.controller?.afterStep({ step: done + 1, totalSteps, learningRate }, () => step.state());
    options.onStep?.({
      epoch: progress.epoch + 1,
      epochs: options.epochs,
      images: progress.stepInEpoch * batch,
      ofImages: perEpoch * batch,
      loss: progress.lossSum / progress.stepInEpoch,
    });
    const due = performance.now() - saved > 1000 * (options.checkpointSeconds ?? 60);
    if (options.signal?.aborted || due) {
      checkpoint(session, progress);
      saved = performance.now();
    }
    if (options.signal?.aborted) throw interrupted(options);
  }
}

function refuseDivergence(loss: number, { epoch, stepInEpoch }: Progress, learningRate: number): void {
  if (Number.isFinite(loss)) return;
  const where = `epoch ${epoch + 1}, step ${stepInEpoch + 1}`;
  const advice = `lower the learning rate (now ${Number(learningRate.toPrecision(3))}) or warm up`;
  throw new EspalierError('diverged', `the loss became ${loss}: ${advice}`, { where });
}

function interrupted({ run }: TrainOptions): EspalierError {
  const hint = run ? `go on with --resume ${run.path}` : 'nothing was kept';
  return new EspalierError('interrupted', `interrupted: ${hint}`);
}

async function finishEpoch(session: Session, progress: Progress): Promise<EpochResult> {
  const { options, batch, step } = session;
  const seconds = (performance.now() - session.started) / 1000;
  const images = progress.stepInEpoch * batch;
  const speed = ((progress.stepInEpoch - session.firstStep) * batch) / seconds;
  const loss = progress.lossSum / progress.stepInEpoch;
  const trainAccuracy = progress.correct / images;
  const doneSteps = stepsDone(options, progress);
  Object.assign(progress, { epoch: progress.epoch + 1, stepInEpoch: 0, lossSum: 0, correct: 0 });
  const perEpoch = stepsPerEpoch(options);
  const schedule = { ...options, warmupSteps: Math.round((options.warmupEpochs ?? 0) * perEpoch) };
  const evaluated = await evaluateEpoch(session, progress);
  const result: EpochResult = {
    epoch: progress.epoch,
    step: doneSteps,
    loss,
    trainAccuracy,
    ...evaluated,
    learningRate: learningRateAt(doneSteps - 1, perEpoch * options.epochs, schedule),
    seconds,
    imagesPerSecond: speed,
    metrics: options.controller?.metrics(step.state()) ?? {},
  };
  options.run?.record({ type: 'epoch', ...result, ...result.metrics });
  keepBest(session, progress, result);
  checkpoint(session, progress);
  options.onEpoch?.(result);
  return result;
}

async function evaluateEpoch({ options, step, batch }: Session, { epoch }: Progress) {
  const every = options.evaluateEvery ?? 1;
  if (epoch % every !== 0 && epoch < options.epochs) return {};
  const network = networkOf({ options }, step.state());
  const { top1, loss } = await evaluate(network, options.data.test, { ...options, batch });
  return { testAccuracy: top1, testLoss: loss };
}

function networkOf({ options }: Pick<Session, 'options'>, state: Tensors): Graph {
  const { network, controller } = options;
  return controller ? controller.network(network, state) : withState(network, state);
}

/** The state of the epoch with the best test accuracy stays beside the newest. */
function keepBest({ options, step }: Session, progress: Progress, { testAccuracy }: EpochResult): void {
  if (testAccuracy === undefined || testAccuracy <= progress.best) return;
  progress.best = testAccuracy;
  if (options.run)
    writeCheckpoint(join(options.run.path, 'best.safetensors'), { tensors: step.state(), progress });
}

function checkpoint({ options, step }: Session, progress: Progress): void {
  if (!options.run) return;
  progress.controller = options.controller?.save() ?? null;
  saveCheckpoint(options.run.path, stepsDone(options, progress), { tensors: step.state(), progress });
}

const copyState = (state: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { ...t, data: t.data.slice() as typeof t.data }]),
  );
