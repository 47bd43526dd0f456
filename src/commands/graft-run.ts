import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RingEngine, RingNetworks } from '../grafting/engine.ts';
import type { MemberInformation } from '../grafting/ring.ts';
import type { TrainingJob } from '../grafting/training-job.ts';
import type { Graph } from '../graph/graph.ts';
import type { RunDirectory } from '../training/run-directory.ts';
import type { Context } from './command.ts';
import type { GraftSettings } from './graft.ts';
import { isModelPath, loadModel } from './model.ts';
import type { TrainingFlags } from './training-flags.ts';
import type { PlannedRun } from './training-recipe.ts';
import type { Measured } from './training-result.ts';
import { openSession, type TrainingSession } from './training-session.ts';

/** One network of a ring, at its end. */
interface Member {
  /** From 1. */
  readonly network: number;
  readonly top1: number;
  readonly loss: number;
  /** That it started from. */
  readonly learningRate: number;
  readonly invalid: number;
  readonly entropy: number;
}

export interface RingResult {
  /** The best network; all of them lie beside it. */
  readonly model: string;
  readonly best: number;
  readonly members: readonly Member[];
  /** The accuracy of all networks together; null of one alone. */
  readonly ensemble: number | null;
}

/** A ring at work. */
interface Ring {
  readonly settings: GraftSettings;
  readonly session: TrainingSession;
  readonly jobs: readonly Omit<TrainingJob, 'until'>[];
  readonly context: Context;
}

/** Trains a ring of networks, gone on with where it was interrupted, and keeps all of them. */
export async function growRing(
  planned: Omit<PlannedRun<TrainingFlags>, 'settings'> & { readonly settings: GraftSettings },
  context: Context,
): Promise<RingResult> {
  const { settings } = planned;
  const session = await openSession(planned as unknown as PlannedRun<TrainingFlags>, context);
  const jobs: Omit<TrainingJob, 'until'>[] = [];
  for (let i = 0; i < settings.networks; i++) jobs.push(await memberJob(session, settings, i));
  const ring = { settings, session, jobs, context };
  await trainMembers(ring);
  return finishRing(ring);
}

/** The folder of network i, from 0, started where it is not there yet, and the job of training it. */
async function memberJob(
  session: TrainingSession,
  settings: GraftSettings,
  index: number,
): Promise<Omit<TrainingJob, 'until'>> {
  const { createRunDirectory } = await import('../training/run-directory.ts');
  const { writeModelFile } = await import('../onnx/index.ts');
  const { run, preprocessing, data } = session;
  const folder = join(run.path, `network-${index + 1}`);
  const model = join(folder, 'start.onnx');
  if (!existsSync(join(folder, 'recipe.json'))) createRunDirectory(folder, run.recipe);
  if (!existsSync(model)) writeModelFile(await startOf(session, settings, index), model);
  const { height, width } = preprocessing;
  const { epochs, batch, augmentation, optimizer, momentum, nesterov, weightDecay, schedule, milestones } =
    settings;
  const { gamma, warmupEpochs, labelSmoothing, evalEvery, checkpointSeconds, limit, testLimit, labels } =
    settings;
  return {
    model,
    folder,
    data: { name: settings.data, height, width, seed: settings.seed, ...known({ limit, testLimit, labels }) },
    preprocessing: { height, width, mean: [...preprocessing.mean], std: [...preprocessing.std] },
    training: {
      epochs,
      batch: Math.min(batch, data.train.count),
      seed: settings.seed + index,
      augmentation,
      optimizer,
      learningRate: learningRateOf(settings, index),
      momentum,
      nesterov,
      weightDecay,
      decoupledWeightDecay: settings.decoupledWeightDecay,
      schedule,
      milestones: [...milestones],
      gamma,
      warmupEpochs,
      labelSmoothing,
      evaluateEvery: evalEvery,
      checkpointSeconds,
    },
    ...known({ threads: settings.threads, executor: settings.executor }),
  };
}

/** Without what is undefined. */
const known = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;

/** Network i of n starts at lr·(1 + cos(π(n − i)/n))/2, so that no two are alike. */
const learningRateOf = ({ lr, networks }: GraftSettings, index: number): number =>
  (lr * (1 + Math.cos((Math.PI * (networks - index - 1)) / networks))) / 2;

/** A file is where all networks start; of the zoo each has parameters of its own. */
async function startOf(session: TrainingSession, settings: GraftSettings, index: number): Promise<Graph> {
  if (index === 0 || isModelPath(settings.model)) return session.network;
  const { prepareNetwork } = await import('../training/prepare.ts');
  const { data, preprocessing, executor } = session;
  const { graph } = await loadModel(settings.model, {
    classes: data.train.classes.length,
    channels: data.train.channels,
    size: preprocessing.height,
    seed: settings.seed + index,
    gamma: settings.initialScale,
  });
  return prepareNetwork(graph, executor);
}

async function trainMembers({ settings, session, jobs, context }: Ring): Promise<void> {
  const { trainRing } = await import('../grafting/ring.ts');
  const { graftLayers } = await import('../grafting/layers.ts');
  const { openCalibration } = await import('../pruning/calibration.ts');
  const { network, data, preprocessing, executor, run } = session;
  const { epochs, seed, source, level, graftMomentum: momentum, invalidBelow: threshold, noise } = settings;
  const calibration = await openCalibration(data.train, { preprocessing, seed });
  const ring: RingNetworks = {
    members: jobs,
    network,
    layers: graftLayers(network),
    stepsPerEpoch: Math.floor(data.train.count / jobs[0]!.training.batch),
    settings: { source, level, momentum, threshold, noise, seed },
    calibration,
    executor,
  };
  const engine = await openEngine(ring, settings, run);
  const watch = watchRing(context, settings);
  try {
    await trainRing({
      ring,
      engine,
      epochs,
      signal: context.signal,
      onStep: watch.step,
      onEpoch(epoch, members) {
        watch.epoch(epoch, members);
        recordEpoch(run, epoch, members);
      },
    });
  } finally {
    watch.done();
    await engine.close();
  }
}

/** This machine's processes, or whoever listens to a queue. */
async function openEngine(
  ring: RingNetworks,
  settings: GraftSettings,
  run: RunDirectory,
): Promise<RingEngine> {
  const { redis, store, patience, processes } = settings;
  if (redis === undefined) {
    const { localEngine } = await import('../grafting/engine.ts');
    const { processTrainers } = await import('../grafting/processes.ts');
    return localEngine(ring, processTrainers(processes));
  }
  const { redisEngine } = await import('../distributed/redis-engine.ts');
  const { recipe } = run;
  // The same for a run that is resumed, and for no other.
  const { createHash } = await import('node:crypto');
  const name = createHash('sha256')
    .update(`${recipe.started} ${JSON.stringify(recipe.options)}`)
    .digest('hex');
  return redisEngine(ring, { redis, store, patience, recipe, run: name.slice(0, 16) });
}

/** One bar for all networks of an epoch, and a line when it is over. */
function watchRing(context: Context, { epochs, networks }: GraftSettings) {
  let bar: ReturnType<Context['progress']> | null = null;
  const at = new Map<number, number>();
  const done = () => {
    bar?.done();
    bar = null;
    at.clear();
  };
  return {
    done,
    step(member: number, { epoch, images, ofImages }: { epoch: number; images: number; ofImages: number }) {
      bar ??= context.progress(`epoch ${epoch}/${epochs}`, ofImages * networks, 'images');
      at.set(member, images);
      bar.to([...at.values()].reduce((sum, count) => sum + count, 0));
    },
    epoch(epoch: number, members: readonly MemberInformation[]) {
      done();
      const invalid = members.map(({ layers }) => layers.reduce((sum, layer) => sum + layer.invalid, 0));
      context.note(`epoch ${epoch}/${epochs}  invalid filters ${invalid.join(', ')}`);
    },
  };
}

/** What the weights of each network told at the end of an epoch; recorded once. */
function recordEpoch(run: RunDirectory, epoch: number, members: readonly MemberInformation[]): void {
  if (run.readEvents().some((event) => event.type === 'graft' && event.epoch === epoch)) return;
  run.record({ type: 'graft', epoch, networks: members.map(({ layers }) => ({ layers })) });
}

async function finishRing({ settings, session, jobs }: Ring): Promise<RingResult> {
  const { latestCheckpoint } = await import('../training/checkpoint.ts');
  const { withState } = await import('../training/training-step.ts');
  const { graftLayers } = await import('../grafting/layers.ts');
  const { informationOf } = await import('../grafting/information.ts');
  const { ensembleOf } = await import('../grafting/ensemble.ts');
  const { evaluate } = await import('../measure/accuracy.ts');
  const { finishRun, sizes } = await import('./training-result.ts');
  const layers = graftLayers(session.network);
  const networks: Measured[] = [];
  const members: Member[] = [];
  for (const [i, { folder, training }] of jobs.entries()) {
    const { tensors } = latestCheckpoint(folder)!;
    const graph = withState(session.network, tensors);
    const { top1, top5, loss } = await evaluate(graph, session.data.test, session);
    const information = informationOf(layers, tensors, settings.invalidBelow);
    networks.push({ graph, measures: { ...sizes(graph), top1, top5 } });
    members.push({
      network: i + 1,
      top1,
      loss,
      learningRate: training.learningRate,
      invalid: information.reduce((sum, { invalid }) => sum + invalid, 0),
      entropy: information.reduce((sum, { entropy }) => sum + entropy, 0) / information.length,
    });
  }
  const best = members.reduce((a, b) => (b.top1 > a.top1 ? b : a));
  const graphs = networks.map(({ graph }) => graph);
  const ensemble =
    networks.length > 1 ? (await evaluate(ensembleOf(graphs), session.data.test, session)).top1 : null;
  session.run.record({ type: 'ring', members, best: best.network, ensemble });
  const before = { graph: session.network, measures: sizes(session.network) };
  const after = networks[best.network - 1]!;
  const beside = Object.fromEntries(graphs.map((graph, i) => [`network-${i + 1}.onnx`, graph]));
  const model = await finishRun(session, { before, after }, beside);
  return { model, best: best.network, members, ensemble };
}
