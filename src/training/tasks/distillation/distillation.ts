import type { DataSet } from '../../../data/image-source.ts';
import { loadPreprocessing, type Preprocessing } from '../../../data/preprocessing.ts';
import { EspalierError } from '../../../errors.ts';
import type { Graph, Value } from '../../../graph/graph.ts';
import { formatBytes } from '../../../numeric/quantities.ts';
import { mean } from '../../../numeric/statistics.ts';
import { zip } from '../../../numeric/zip.ts';
import { formsOf } from '../../../rewrite/index.ts';
import type { Executor } from '../../../runtime/executor.ts';
import { prepareNetwork } from '../../prepare.ts';
import type { TaskContext, TaskEvaluation, TrainingTask } from '../task.ts';
import { cacheBytes, cachedValues, cachePlaces } from './cached-values.ts';
import { compareWithTeacher, nameOf } from './compare.ts';
import { featuresOf, sharedFeatures } from './features.ts';
import { agreement, pairLoss } from './losses.ts';
import { type ChosenLoss, type DistilledPair, distilledPairs } from './pairs.ts';
import { boundNetwork, openValues } from './teacher.ts';
import { inverseVariances } from './variances.ts';

/** Options of {@link distillation}. */
export interface DistillationOptions {
  /** The network whose outputs are the targets. */
  readonly teacher: Graph;
  readonly data: DataSet;
  /** Used for both networks. */
  readonly preprocessing: Preprocessing;
  /** Runs the teacher on images to measure the variances of its outputs. */
  readonly executor: Executor;
  /** Images per step; must equal the batch of the run. */
  readonly batch: number;
  /** Temperature τ of `kl`. Default 2. */
  readonly temperature?: number | undefined;
  /** Losses by output name; default: chosen by the kind of each output. */
  readonly losses?: Readonly<Record<string, ChosenLoss>> | undefined;
  /** Weight of the mean error of inner values; 0 leaves them out. Default 1. */
  readonly featureWeight?: number | undefined;
  /**
   * A folder that stores the teacher's outputs for each training image, so that the teacher runs on each only once. Useful only without
   * augmentation. Default: nothing is stored.
   */
  readonly cache?: string | undefined;
  /** Called with lines that describe the loss of each output, and the inner values that are compared. */
  onNote?(line: string): void;
}

/** Number of training images on which the teacher's variances are measured. */
const VARIANCE_IMAGES = 256;
const FEATURE_WEIGHT = 1;

/**
 * A task that trains a student to reproduce the outputs of a teacher, without labels. The loss is the sum over outputs of
 * - `kl`, τ²·KL(softmax(t/τ) ‖ softmax(s/τ)), for class scores and inputs of Softmax or Sigmoid;
 * - `mse`, mean((s − t)²/σ²), for other values, with the teacher's variance σ² per channel over training images;
 * and of `featureWeight` times the mean of mean((s − t)²)/σ², with σ² averaged over channels, over the ends of blocks that both
 * networks have (sums of two branches, and inputs of layers with strides). The student must be
 * in the form of {@link prepareNetwork}. Its outputs are matched with the teacher's by name, else by order. Throws `usage` if
 * they cannot be matched, or if the teacher stores another preprocessing.
 *
 * @example
 * const half = await pruneChannels(network, { executor: onnxruntime, target: { measure: 'macs', fraction: 0.5 } });
 * const student = await prepareNetwork(half.graph, onnxruntime);
 * const settings = { teacher: network, data, preprocessing, executor: onnxruntime, batch: 32 };
 * const task = await distillation(student, settings); // for `train`, with the same batch
 */
export async function distillation(student: Graph, options: DistillationOptions): Promise<TrainingTask> {
  const { data, preprocessing, executor, onNote } = options;
  const { temperature = 2, featureWeight = FEATURE_WEIGHT } = options;
  const batch = Math.min(options.batch, data.train.count);
  expectSamePreprocessing(options.teacher, preprocessing);
  const teacher = await prepareNetwork((await formsOf(options.teacher, executor)).graph, executor);
  const bound = boundNetwork(teacher, data.train, batch);
  const pairs = distilledPairs(boundNetwork(student, data.train, batch).graph, bound.graph, options.losses);
  for (const pair of pairs) onNote?.(described(pair, temperature));
  const features = featureWeight > 0 ? featuresOf(bound.graph, student, pairs) : [];
  const inverseVariance = await inverseVariances(bound, [...pairs, ...features], {
    ...{ executor, source: data.train, preprocessing, batch, most: VARIANCE_IMAGES },
  });
  const comparedIn = (network: Graph) => [...pairs, ...sharedFeatures(network, features, featureWeight)];
  const placeOf =
    options.cache === undefined
      ? null
      : cachePlaces(bound.graph, { folder: options.cache, images: data.train.count });
  const openTeacher = async (compared: readonly DistilledPair[], engine: Omit<TaskContext, 'network'>) => {
    const names = compared.map((pair) => pair.teacher);
    const runner = await openValues(bound, names, engine);
    if (!placeOf) return runner;
    const place = placeOf(compared);
    const size = formatBytes(cacheBytes(place));
    onNote?.(`the teacher's outputs are stored: at most ${size}, for ${place.images} images`);
    return cachedValues(runner, place);
  };
  let noted = '';
  return {
    name: 'distillation',
    reads: (network) => valuesOf(network, comparedIn(network)),
    loss({ g, network, values, input }) {
      const compared = comparedIn(network).map((pair, i) => ({
        ...{ student: values[i]!, teacher: input(feedName(pair), 'float32', pair.shape) },
        ...{ pair, temperature, inverseVariance: inverseVariance.get(pair.teacher)! },
      }));
      const metrics = compared.flatMap((each) =>
        each.pair.loss === 'kl' && each.pair.axis !== null
          ? [[agreementName(each.pair), agreement(g, each, each.pair.axis)] as const]
          : [],
      );
      const losses = compared.map((each) => pairLoss(g, each));
      return {
        loss: losses.reduce((sum, loss) => g.Add(sum, loss)),
        parts: Object.fromEntries(zip(compared, losses).map(([{ pair }, loss]) => [nameOf(pair), loss])),
        metrics: Object.fromEntries(metrics),
      };
    },
    async open({ network, ...engine }) {
      const compared = comparedIn(network);
      const note = describedFeatures(compared.slice(pairs.length), featureWeight);
      if (featureWeight > 0 && note !== noted) onNote?.(note);
      noted = note;
      const open = await openTeacher(compared, engine);
      return {
        async feeds({ images }) {
          const values = await open.run(images);
          return Object.fromEntries(zip(compared, values).map(([pair, value]) => [feedName(pair), value]));
        },
        close: open.close,
      };
    },
    async evaluate(network, source, settings): Promise<TaskEvaluation> {
      const run = { ...settings, source, preprocessing, batch };
      const compared = await compareWithTeacher({ student: network, teacher, pairs }, run, settings);
      const { error, errors: outputErrors, agreements } = compared;
      const parts = Object.values(agreements);
      const metrics = { outputError: error, ...(parts.length > 0 && { agreement: mean(parts) }) };
      return { score: -error, outputErrors, agreements, metrics };
    },
  };
}

const feedName = ({ teacher }: DistilledPair): string => `teacher.${teacher}`;

const agreementName = (pair: DistilledPair): string => `agreement of ${nameOf(pair)}`;

function valuesOf(network: Graph, pairs: readonly DistilledPair[]): Value[] {
  const made = new Map(network.nodes.flatMap(({ outputs }) => outputs.map((value) => [value?.name, value])));
  return pairs.map(({ student }) => {
    const value = made.get(student);
    if (value) return value;
    throw new EspalierError('usage', `expected a value ${student} to distil`, { where: network.name });
  });
}

function expectSamePreprocessing(teacher: Graph, { mean, std }: Preprocessing): void {
  const stored = loadPreprocessing(teacher);
  if (!stored || JSON.stringify([stored.mean, stored.std]) === JSON.stringify([mean, std])) return;
  const shown = (p: Pick<Preprocessing, 'mean' | 'std'>) =>
    `mean ${p.mean.join(',')} and std ${p.std.join(',')}`;
  const message = `expected a teacher for images of ${shown({ mean, std })}, found ${shown(stored)}`;
  throw new EspalierError('usage', message, { where: teacher.name });
}

/** A line that names the inner values that are compared. */
function describedFeatures(features: readonly DistilledPair[], weight: number): string {
  const names = features.slice(0, SHOWN_PAIRS).map(({ student }) => student);
  const more = features.length > SHOWN_PAIRS ? ` and ${features.length - SHOWN_PAIRS} more` : '';
  return features.length > 0
    ? `inner values of equal shape, weight ${weight}: ${names.join(', ')}${more}`
    : 'no inner values are compared: none at the end of a block has an equal shape in both networks';
}

/** Number of inner values that a line names. */
const SHOWN_PAIRS = 4;

/** A line that describes the loss of an output. */
function described({ output, student, loss, axis, weight }: DistilledPair, temperature: number): string {
  const of = output === student ? output : `${output}, at ${student}`;
  const kind = axis === null ? 'KL divergence of probabilities' : 'KL divergence';
  const what =
    loss === 'kl' ? `${kind} at temperature ${temperature}` : "squared error by the teacher's variance";
  return `${of}: ${what}${weight === 1 ? '' : `, weight ${weight}`}`;
}
