import type { Graph } from '../graph/graph.ts';
import { asClassifier } from '../measure/classifier.ts';
import { judge } from '../measure/scores.ts';
import { floats } from '../numeric/tensor.ts';
import type { Calibration } from './calibration.ts';
import type { Viewing } from './observe.ts';

/** What a changed network still does on images. */
export interface Compared {
  /** null where images have no classes. */
  readonly top1: number | null;
  /** The mean of −ln p(true class); null where images have no classes. */
  readonly loss: number | null;
  /** ‖y − y₀‖₂ / ‖y₀‖₂ over all images, y₀ being the output before: needs no labels. */
  readonly outputError: number;
}

/** Networks beside the one that they come from, on calibration images. */
export interface Comparison {
  readonly original: Compared;
  compare(graph: Graph): Promise<Compared>;
}

/** Runs the original once. */
export async function openComparison(original: Graph, viewing: Viewing): Promise<Comparison> {
  const { calibration } = viewing;
  const reference = await scoresOf(original, viewing);
  return {
    original: compared(reference, reference, calibration),
    compare: async (graph) => compared(await scoresOf(graph, viewing), reference, calibration),
  };
}

interface ImageScores {
  /** [images, classes]. */
  readonly values: Float32Array;
  readonly classes: number;
  readonly kind: ReturnType<typeof asClassifier>['scores'];
}

/** The scores of all calibration images. */
async function scoresOf(graph: Graph, { executor, calibration }: Viewing): Promise<ImageScores> {
  const classifier = asClassifier(graph);
  const program = await executor.compile(classifier.graph);
  const parts: Float32Array[] = [];
  try {
    for (const { images, count } of calibration.batches) {
      const feed = floats([count, ...calibration.image], images);
      const result = (await program.run({ [classifier.input]: feed }))[classifier.output]!;
      parts.push((result.data as Float32Array).slice());
    }
  } finally {
    await program.close();
  }
  const images = calibration.batches.reduce((sum, { count }) => sum + count, 0);
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return { values, classes: values.length / images, kind: classifier.scores };
}

function compared(
  { values, classes, kind }: ImageScores,
  reference: ImageScores,
  { batches, labelled }: Calibration,
): Compared {
  const labels = batches.flatMap((batch) => Array.from(batch.labels, Number));
  let [hits, loss, difference, size] = [0, 0, 0, 0];
  for (const [image, label] of labelled ? labels.entries() : []) {
    const verdict = judge(values.subarray(image * classes, (image + 1) * classes), label, kind);
    if (verdict.rank < 1) hits++;
    loss += verdict.loss;
  }
  for (let i = 0; i < values.length; i++) {
    difference += (values[i]! - reference.values[i]!) ** 2;
    size += reference.values[i]! ** 2;
  }
  return {
    top1: labelled ? hits / labels.length : null,
    loss: labelled ? loss / labels.length : null,
    outputError: Math.sqrt(difference / Math.max(size, 1e-30)),
  };
}
