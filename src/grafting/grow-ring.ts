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

/** The results of one epoch for all networks of a ring. */
export interface GraftedEpoch {
  readonly epoch: number;
  readonly times: RoundTimes;
  /** Number of invalid filters of each network, before grafting. */
  readonly invalid: readonly number[];
}

/** Callbacks for the progress of a ring. */
export interface RingWatch {
  /** Called with the progress of a network, by its index in the ring. */
  onStep?(member: number, progress: StepProgress): void;
  onEpoch?(epoch: GraftedEpoch): void;
}

/** The input of {@link growRing}. */
export interface RingGrowth extends RingWatch {
  /** Training options for each network; its network is the first one, and all have the same architecture. */
  readonly training: RingTraining;
  readonly networks: number;
  readonly grafting: GraftingOptions;
  /** How other processes and machines open the images. */
  readonly images: JobSource;
  /** The initial network with an index. */
  start(index: number): Graph | Promise<Graph>;
  openEngine(ring: RingNetworks): RingEngine | Promise<RingEngine>;
  /** Restores the element types of the files. */
  restore(graph: Graph): Graph;
}

/** The final result of one network of a ring. */
export interface RingMember extends Omit<Evaluation, 'images'> {
  readonly graph: Graph;
  /** Number of the network, from 1. */
  readonly network: number;
  /** Its initial learning rate. */
  readonly learningRate: number;
  /** Number of invalid filters. */
  readonly invalid: number;
  /** The mean entropy of its layers. */
  readonly entropy: number;
}

/** The networks that were trained together; accuracies are in [0, 1]. */
export interface GrownRing {
  readonly members: readonly RingMember[];
  /** Number of the network with the highest accuracy, from 1. */
  readonly best: number;
  /** The accuracy of the mean output of all networks; null for a single network. */
  readonly ensemble: number | null;
}

/** Trains a ring of networks, resumes interrupted runs, and evaluates each network and their ensemble. */
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

/** Network i of n starts with learning rate lr·(1 + cos(π(n − i)/n))/2, so that all differ. */
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

/** Entropy and invalid filters of each network, before grafting. */
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
