import { type Batch, openBatches } from '../data/batches.ts';
import type { ImageSource } from '../data/image-source.ts';
import { expectPreprocessing, type Preprocessing } from '../data/preprocessing.ts';
import { EspalierError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { fitsMemory, type InputShapes } from '../graph/peak-memory.ts';
import { elementCount, floats } from '../numeric/tensor.ts';
import type { Executor, Program } from '../runtime/executor.ts';
import { feedsBeside, withOthersFed } from './beside-image.ts';
import { asClassifier, type Classifier, expectImagesFit } from './classifier.ts';
import { judge } from './scores.ts';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  readonly executor: Executor;
  /** Images per run; default 250. Ignored if the model fixes its batch size. */
  readonly batch?: number;
  /** Default: the preprocessing stored with the model. */
  readonly preprocessing?: Preprocessing;
  /** The name of the output with class scores; default: found by its shape and the number of classes. */
  readonly logits?: string | undefined;
  /** Threads of the executor; default: all cores. */
  readonly threads?: number;
  /** Called after each batch with the number of images evaluated and in total. */
  readonly progress?: (done: number, total: number) => void;
  /** Throws `interrupted` between batches once it is aborted. */
  readonly signal?: AbortSignal;
}

/** Accuracy and loss of a classifier. */
export interface Evaluation {
  /** The fraction in [0, 1] of images whose true class has the highest score. */
  readonly top1: number;
  /** The same for the five highest scores, or for all classes if there are fewer. */
  readonly top5: number;
  /** Cross-entropy: the mean of −ln p(true class). */
  readonly loss: number;
  readonly images: number;
}

/**
 * Accuracy and cross-entropy of a network over all images of a source. Scores that come from Softmax are treated as
 * probabilities, others as logits. Throws `diverged` on NaN, `shape` if the numbers of classes differ, and the errors of
 * {@link classScores}.
 *
 * @example
 * const { top1, loss } = await evaluate(network, data.test, { executor: onnxruntime });
 */
export async function evaluate(
  graph: Graph,
  source: ImageSource,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { logits } = options;
  const size = { height: source.height, width: source.width };
  const classifier = asClassifier(withOthersFed(graph, { size }), { logits, classes: source.classes.length });
  const preprocessing = chosenPreprocessing(classifier, source, () =>
    expectPreprocessing(graph, source, options.preprocessing),
  );
  const program = await options.executor.compile(classifier.graph, { threads: options.threads });
  // All runs have the same shape, the last one padded, so that an engine compiles once.
  const wanted = Math.min(options.batch ?? 250, Math.max(1, source.count));
  const batch = classifier.batch ?? fittingBatch(classifier, source, wanted);
  try {
    return await evaluateAll({ classifier, program, source, batch, preprocessing }, options);
  } finally {
    await program.close();
  }
}

/** The requested batch size, halved until a run fits into the memory budget. */
function fittingBatch({ graph, input }: Classifier, source: ImageSource, wanted: number): number {
  const { channels, height, width } = source;
  let batch = wanted;
  const fits = () =>
    fitsMemory(graph, {
      ...shapesBeside(graph, batch),
      [input]: [batch, channels, height, width],
    });
  while (batch > 1 && !fits()) batch = Math.floor(batch / 2);
  return batch;
}

const shapesBeside = (graph: Graph, batch: number): InputShapes =>
  Object.fromEntries(
    Object.entries(feedsBeside(graph, batch)).map(([name, { shape }]) => [name, shape] as const),
  );

interface EvaluationRun {
  readonly classifier: Classifier;
  readonly program: Program;
  readonly source: ImageSource;
  readonly batch: number;
  readonly preprocessing: Preprocessing;
}

async function evaluateAll(run: EvaluationRun, { signal, progress }: EvaluateOptions): Promise<Evaluation> {
  const { source, batch, preprocessing } = run;
  const settings = { batch, preprocessing, seed: 0, shuffle: false, dropLast: false };
  const batches = openBatches(source, { ...settings, augmentation: 'none' });
  const sums = { top1: 0, top5: 0, loss: 0, images: 0 };
  try {
    for await (const each of batches.epoch(0)) {
      if (signal?.aborted) throw new EspalierError('interrupted', 'evaluation interrupted');
      addVerdicts(sums, run, { labels: each.labels, scores: await scoresOf(run, each) });
      progress?.(sums.images, source.count);
    }
  } finally {
    await batches.close();
  }
  const { top1, top5, loss, images } = sums;
  return { top1: top1 / images, top5: top5 / images, loss: loss / images, images };
}

/** The scores of a batch, one row per image. */
async function scoresOf(
  { classifier, program, batch, source }: EvaluationRun,
  { images, count }: Batch,
): Promise<Float32Array[]> {
  const { channels, height, width } = source;
  const filled = count === batch ? images : new Float32Array(batch * channels * height * width);
  if (filled !== images) filled.set(images);
  const results = await program.run({
    ...feedsBeside(classifier.graph, batch),
    [classifier.input]: floats([batch, channels, height, width], filled),
  });
  const { shape, data } = results[classifier.output]!;
  const classes = elementCount(shape) / batch;
  if (shape[0] !== batch && shape.length !== 1) {
    const message = `expected class scores [${batch}, classes], found [${shape.join(', ')}]`;
    throw new EspalierError('unsupported', message, { where: classifier.output });
  }
  const scores = data as Float32Array;
  return Array.from({ length: count }, (_, i) => scores.subarray(i * classes, (i + 1) * classes));
}

interface ScoredBatch {
  readonly labels: BigInt64Array;
  readonly scores: readonly Float32Array[];
}

function addVerdicts(
  sums: { top1: number; top5: number; loss: number; images: number },
  { classifier, source }: EvaluationRun,
  { labels, scores }: ScoredBatch,
): void {
  for (const [i, row] of scores.entries()) {
    const label = Number(labels[i]);
    if (label >= row.length) {
      const message = `expected labels below the model's ${row.length} classes, found ${label}`;
      throw new EspalierError('shape', message, { where: source.name });
    }
    const { rank, loss } = judge(row, label, classifier.scores);
    if (Number.isNaN(loss)) {
      const message = `the class scores of image ${sums.images} are not a number (NaN)`;
      throw new EspalierError('diverged', message, { where: classifier.output });
    }
    sums.top1 += rank < 1 ? 1 : 0;
    sums.top5 += rank < 5 ? 1 : 0;
    sums.loss += loss;
    sums.images++;
  }
}

/** The preprocessing to use; for a model with 8-bit input, only scaling. Throws if the images do not fit the model. */
function chosenPreprocessing(
  { rawPixels, image }: Classifier,
  source: ImageSource,
  stored: () => Preprocessing,
): Preprocessing {
  expectImagesFit(image, source);
  const { channels, height, width } = source;
  if (rawPixels) {
    const each = (value: number) => Array.from({ length: channels }, () => value);
    return { height, width, mean: each(0), std: each(1 / 255) };
  }
  return stored();
}
