import { openCalibration } from '../calibration/calibration.ts';
import type { Graph } from '../graph/graph.ts';
import { type Evaluation, evaluate } from '../measure/accuracy.ts';
import { requiredCheckpoint } from '../training/checkpoint.ts';
import type { StepProgress } from '../training/options.ts';
import { settleLearningRate } from '../training/range-test.ts';
import { withState } from '../training/training-step.ts';
import { graftDefaults as defaults, type GraftingOptions } from './defaults.ts';
import type { RingEngine, RingNetworks } from './engine.ts';
import { ensembleOf } from './ensemble.ts';
import { informationOf, type LayerInformation } from './information.ts';
import { graftLayers } from './layers.ts';
import { type JobSource, memberJob, type RingTraining } from './member-job.ts';
import { type RoundTimes, trainRing } from './ring.ts';
import { graftRounds } from './rounds.ts';
import type { MemberJob } from './training-job.ts';

/** An epoch of all networks of a ring. */
export interface GraftedEpoch {
  readonly epoch: number;
  readonly times: RoundTimes;
  /** Invalid filters of each network, before it is grafted. */
  readonly invalid: readonly number[];
}

/** Callbacks for the progress of a ring. */
export interface RingWatch {
  /** Steps of a network, by its place in the ring. */
  onStep?(member: number, progress: StepProgress): void;
  onEpoch?(epoch: GraftedEpoch): void;
}

/** What a ring is grown of. */
export interface RingGrowth extends RingWatch {
  /** Of each network; the first one's, of which they all have the architecture. */
  readonly training: RingTraining;
  readonly networks: number;
  readonly grafting: GraftingOptions;
  /** How trainers in other places open the images. */
  readonly images: JobSource;
  /** What the network at a place starts from. */
  start(index: number): Graph | Promise<Graph>;
  openEngine(ring: RingNetworks): RingEngine | Promise<RingEngine>;
  /** The element types of the files. */
  restore(graph: Graph): Graph;
}

/** One network of a ring, at its end. */
export interface RingMember extends Omit<Evaluation, 'images'> {
  readonly graph: Graph;
  /** From 1. */
  readonly network: number;
  /** That it started from. */
  readonly learningRate: number;
  /** Invalid filters. */
  readonly invalid: number;
  /** The mean of its layers' entropies. */
  readonly entropy: number;
}

/** The networks that were trained together, with their accuracies in [0, 1]. */
export interface GrownRing {
  readonly members: readonly RingMember[];
  /** The network with the highest accuracy, from 1. */
  readonly best: number;
  /** The accuracy of the mean output of all networks; null of one alone. */
  readonly ensemble: number | null;
}

/** Trains a ring of networks, resuming an interrupted run, and evaluates each network and their ensemble. */
export async function growRing(growth: RingGrowth): Promise<GrownRing> {
  const { networks } = growth;
  const training = await settleLearningRate(growth.training);
  const jobs: MemberJob[] = [];
  for (let index = 0; index < networks; index++) {
    const learningRate = learningRateOf(training.learningRate, networks, index);
    const start = () => growth.start(index);
    jobs.push(await memberJob(training, growth.images, { index, learningRate, start }));
  }
  const ring = ringOf(growth, jobs);
  await trainMembers(ring, growth);
  return measure(ring, growth);
}

/** Network i of n starts at lr·(1 + cos(π(n − i)/n))/2, so that no two are alike. */
const learningRateOf = (highest: number, networks: number, index: number): number =>
  (highest * (1 + Math.cos((Math.PI * (networks - index - 1)) / networks))) / 2;

function ringOf({ training, grafting }: RingGrowth, members: readonly MemberJob[]): RingNetworks {
  const { network, data, preprocessing, executor, seed } = training;
  const { source = defaults.source, level = defaults.level, noise = defaults.noise } = grafting;
  const { graftMomentum: momentum = defaults.graftMomentum } = grafting;
  const { invalidBelow: threshold = defaults.invalidBelow } = grafting;
  let opened: ReturnType<typeof openCalibration> | null = null;
  return {
    members,
    network,
    layers: graftLayers(network),
    stepsPerEpoch: Math.floor(data.train.count / training.batch),
    settings: { source, level, momentum, threshold, noise, seed },
    calibration() {
      opened ??= openCalibration(data.train, { preprocessing, seed });
      return opened;
    },
    executor,
  };
}

async function trainMembers(ring: RingNetworks, growth: RingGrowth): Promise<void> {
  const { epochs, run, signal, onWarning } = growth.training;
  const { stepsPerEpoch, settings } = ring;
  const engine = await growth.openEngine(ring);
  try {
    await trainRing({
      ring,
      engine,
      rounds: graftRounds({ epochs, stepsPerEpoch }, settings.source !== 'none'),
      signal,
      onStep: (member, progress) => growth.onStep?.(member, progress),
      onWarning: (line) => onWarning?.(line),
      onRound({ epoch }, times) {
        const networks = informationOfAll(ring).map((layers) => ({ layers }));
        growth.onEpoch?.({ epoch, times, invalid: networks.map(({ layers }) => invalidOf(layers)) });
        const isRecorded = run.readEvents().some((event) => event.type === 'graft' && event.epoch === epoch);
        if (!isRecorded) run.record({ type: 'graft', epoch, times, networks });
      },
    });
  } finally {
    await engine.close();
  }
}

/** What the weights of each network tell, before they are grafted. */
const informationOfAll = ({ members, layers, settings }: RingNetworks): LayerInformation[][] =>
  members.map(({ folder }) =>
    informationOf(layers, requiredCheckpoint(folder, { ungrafted: true }).tensors, settings.threshold),
  );

const invalidOf = (layers: readonly LayerInformation[]): number =>
  layers.reduce((sum, { invalid }) => sum + invalid, 0);

async function measure(ring: RingNetworks, { training, restore }: RingGrowth): Promise<GrownRing> {
  const { data, executor, preprocessing } = training;
  const members: RingMember[] = [];
  for (const [i, { folder, training: own }] of ring.members.entries()) {
    const { tensors } = requiredCheckpoint(folder);
    const graph = restore(withState(ring.network, tensors));
    const { top1, top5, loss } = await evaluate(graph, data.test, { executor, preprocessing });
    const layers = informationOf(ring.layers, tensors, ring.settings.threshold);
    const entropy = layers.reduce((sum, layer) => sum + layer.entropy, 0) / layers.length;
    const { learningRate } = own;
    members.push({
      network: i + 1,
      graph,
      top1,
      top5,
      loss,
      learningRate,
      invalid: invalidOf(layers),
      entropy,
    });
  }
  const best = members.reduce((a, b) => (b.top1 > a.top1 ? b : a)).network;
  const [first, ...others] = members.map(({ graph }) => graph);
  const together = first && others.length > 0 ? ensembleOf([first, ...others]) : null;
  const ensemble = together && (await evaluate(together, data.test, { executor, preprocessing })).top1;
  return { members, best, ensemble };
}
