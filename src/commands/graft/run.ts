import type { RingNetworks } from '../../grafting/engine.ts';
import type { LayerInformation } from '../../grafting/information.ts';
import type { RoundTimes } from '../../grafting/ring.ts';
import type { MemberJob } from '../../grafting/training-job.ts';
import type { Graph } from '../../graph/graph.ts';
import type { RunDirectory } from '../../training/run-directory.ts';
import type { Context } from '../command.ts';
import type { TrainingFlags } from '../training/flags.ts';
import { trainingJob } from '../training/jobs.ts';
import type { PlannedRun } from '../training/recipe.ts';
import type { Measured } from '../training/result.ts';
import { openEngine, timesText, watchRing } from '../training/ring-engine.ts';
import { openSession, type TrainingSession } from '../training/session.ts';
import type { GraftSettings } from './graft.ts';
import { startOf } from './start.ts';

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
  readonly networks: RingNetworks;
  readonly context: Context;
}

/** Trains a ring of networks, gone on with where it was interrupted, and keeps all of them. */
export async function growRing(
  planned: Omit<PlannedRun<TrainingFlags>, 'settings'> & { readonly settings: GraftSettings },
  context: Context,
): Promise<RingResult> {
  const { settings } = planned;
  const session = await openSession(planned, context);
  const jobs: MemberJob[] = [];
  for (let i = 0; i < settings.networks; i++) {
    const start = () => startOf(session, settings, i);
    const learningRate = learningRateOf(settings, i);
    jobs.push(await trainingJob(session, settings, { index: i, learningRate, start }));
  }
  const ring = { settings, session, context, networks: await networksOf(session, settings, jobs) };
  await trainMembers(ring);
  return finishRing(ring);
}

/** Network i of n starts at lr·(1 + cos(π(n − i)/n))/2, so that no two are alike. */
const learningRateOf = ({ lr, networks }: GraftSettings, index: number): number =>
  (lr * (1 + Math.cos((Math.PI * (networks - index - 1)) / networks))) / 2;

async function networksOf(
  { network, data, preprocessing, executor }: TrainingSession,
  settings: GraftSettings,
  members: readonly MemberJob[],
): Promise<RingNetworks> {
  const { graftLayers } = await import('../../grafting/layers.ts');
  const { openCalibration } = await import('../../calibration/calibration.ts');
  const { seed, source, level, graftMomentum: momentum, invalidBelow: threshold, noise } = settings;
  let opened: ReturnType<typeof openCalibration> | null = null;
  return {
    members,
    network,
    layers: graftLayers(network),
    stepsPerEpoch: Math.floor(data.train.count / members[0]!.training.batch),
    settings: { source, level, momentum, threshold, noise, seed },
    calibration() {
      opened ??= openCalibration(data.train, { preprocessing, seed });
      return opened;
    },
    executor,
  };
}

async function trainMembers({ settings, session, networks: ring, context }: Ring): Promise<void> {
  const { trainRing } = await import('../../grafting/ring.ts');
  const { graftRounds } = await import('../../grafting/rounds.ts');
  const { epochs, source } = settings;
  const engine = await openEngine(ring, settings, session.run);
  const watch = watchRing(context, settings);
  try {
    await trainRing({
      ring,
      engine,
      rounds: graftRounds({ epochs, stepsPerEpoch: ring.stepsPerEpoch }, source !== 'none'),
      signal: context.signal,
      onStep: watch.step,
      onWarning: (line) => context.warn(line),
      async onRound({ epoch }, times) {
        watch.done();
        const told = await informationOfAll(ring);
        const invalid = told.map((layers) => layers.reduce((sum, layer) => sum + layer.invalid, 0));
        context.note(`epoch ${epoch}/${epochs}  ${timesText(times)}  invalid filters ${invalid.join(', ')}`);
        recordEpoch(session.run, { epoch, times, told });
      },
    });
  } finally {
    watch.done();
    await engine.close();
  }
}

/** What the weights of each network tell, before they are grafted. */
async function informationOfAll({ members, layers, settings }: RingNetworks): Promise<LayerInformation[][]> {
  const { latestCheckpoint } = await import('../../training/checkpoint.ts');
  const { informationOf } = await import('../../grafting/information.ts');
  return members.map(({ folder }) =>
    informationOf(layers, latestCheckpoint(folder, { ungrafted: true })!.tensors, settings.threshold),
  );
}

interface EpochReport {
  readonly epoch: number;
  readonly times: RoundTimes;
  readonly told: readonly LayerInformation[][];
}

/** Where the time of an epoch went, and what the weights of each network told at its end; recorded once. */
function recordEpoch(run: RunDirectory, { epoch, times, told }: EpochReport): void {
  if (run.readEvents().some((event) => event.type === 'graft' && event.epoch === epoch)) return;
  run.record({ type: 'graft', epoch, times, networks: told.map((layers) => ({ layers })) });
}

async function finishRing({ settings, session, networks }: Ring): Promise<RingResult> {
  const { ensembleOf } = await import('../../grafting/ensemble.ts');
  const { evaluate } = await import('../../measure/accuracy.ts');
  const { finishRun, untrained } = await import('../training/result.ts');
  const measured: Measured[] = [];
  const members: Member[] = [];
  for (const [i, job] of networks.members.entries()) {
    const { member, network } = await measureMember(job, session, networks);
    members.push({ network: i + 1, ...member });
    measured.push(network);
  }
  const best = members.reduce((a, b) => (b.top1 > a.top1 ? b : a));
  const graphs = measured.map(({ graph }) => graph);
  const together = settings.networks > 1 ? ensembleOf(graphs) : null;
  const ensemble = together && (await evaluate(together, session.data.test, session)).top1;
  session.run.record({ type: 'ring', members, best: best.network, ensemble });
  const before = untrained(session);
  const after = measured[best.network - 1]!;
  const beside = Object.fromEntries(graphs.map((graph, i) => [`network-${i + 1}.onnx`, graph]));
  const model = await finishRun(session, { before, after }, beside);
  return { model, best: best.network, members, ensemble };
}

async function measureMember(
  { folder, training }: MemberJob,
  session: TrainingSession,
  { layers, settings }: RingNetworks,
): Promise<{ readonly member: Omit<Member, 'network'>; readonly network: Measured }> {
  const { latestCheckpoint } = await import('../../training/checkpoint.ts');
  const { withState } = await import('../../training/training-step.ts');
  const { informationOf } = await import('../../grafting/information.ts');
  const { evaluate } = await import('../../measure/accuracy.ts');
  const { sizes } = await import('../training/result.ts');
  const { tensors } = latestCheckpoint(folder)!;
  const graph: Graph = session.model.form.restore(withState(session.network, tensors));
  const { top1, top5, loss } = await evaluate(graph, session.data.test, session);
  const information = informationOf(layers, tensors, settings.threshold);
  const sum = (of: (layer: LayerInformation) => number) =>
    information.reduce((total, layer) => total + of(layer), 0);
  const member = {
    top1,
    loss,
    learningRate: training.learningRate,
    invalid: sum(({ invalid }) => invalid),
    entropy: sum(({ entropy }) => entropy) / information.length,
  };
  return { member, network: { graph, measures: { ...sizes(graph), top1, top5 } } };
}
