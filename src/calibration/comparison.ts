import { EspalierError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { type Scores, scoresOf } from '../measure/classifier.ts';
import { findClassScores } from '../measure/outputs/class-scores.ts';
import { type CountedOutput, type CountedOutputs, countedOutputs } from '../measure/outputs/counted.ts';
import { differenceOf, equalPart } from '../measure/outputs/difference.ts';
import { judge } from '../measure/scores.ts';
import type { Calibration } from './calibration.ts';
import { outputsOnImages, type Recorded } from './outputs-on-images.ts';
import type { ProbeContext } from './probe.ts';

/** The accuracy of a changed network, and the errors of its outputs, on images. */
export interface ComparisonResult {
  /** Top-1 accuracy; null if images have no classes, or the network has no class scores. */
  readonly top1: number | null;
  /** The mean of −ln p(true class); null if {@link top1} is. */
  readonly loss: number | null;
  /** The mean of {@link outputErrors}; needs no labels. */
  readonly outputError: number;
  /**
   * By output: the relative error ‖y − y₀‖₂ / ‖y₀‖₂ against the original over all images; for integers and booleans, the
   * fraction of elements that differ.
   */
  readonly outputErrors: Readonly<Record<string, number>>;
}

/** Compares networks with the original on calibration images. */
export interface Comparison {
  readonly original: ComparisonResult;
  /** Outputs that are not compared, with the reason. */
  readonly ignored: CountedOutputs['ignored'];
  compare(graph: Graph): Promise<ComparisonResult>;
}

/**
 * Opens a comparison and runs the original once. Throws `usage` if no output can be compared.
 *
 * @example
 * const comparison = await openComparison(network, { calibration, executor: onnxruntime });
 * const { top1, outputError } = await comparison.compare(changed);
 */
export async function openComparison(original: Graph, context: ProbeContext): Promise<Comparison> {
  const outputs = countedOutputs(original, context.outputs);
  if (outputs.counted.length === 0) {
    const message = 'expected at least one output to compare that depends on the image, found none';
    throw new EspalierError('usage', message, { where: original.name });
  }
  const { labelled, classes } = context.calibration;
  const scores = labelled ? findClassScores(original, { classes }).value : null;
  const request = { context, counted: outputs.counted, scores };
  let reference = await outputsOf(original, request);
  const compared = (own: Outputs): ComparisonResult => ({
    ...accuracyOf(own.scores, context.calibration),
    ...errorsOf(outputs.counted, [reference, own]),
  });
  return {
    original: compared(reference),
    ignored: outputs.ignored,
    compare: async (graph) => {
      const own = await outputsOf(graph, { ...request, images: imagesInRun(reference, context) });
      // One of the networks may fix its batch size, and the other may not.
      if (runsOf(own) !== runsOf(reference))
        reference = await outputsOf(original, { ...request, images: imagesInRun(own, context) });
      return compared(own);
    },
  };
}

const runsOf = ({ values }: Outputs): number => values[0]!.length;

const imagesInRun = (outputs: Outputs, { calibration: { batch, batches } }: ProbeContext): number =>
  (batch * batches.length) / runsOf(outputs);

interface OutputRequest {
  readonly context: ProbeContext;
  /** Images per run; default: those of a calibration batch. */
  readonly images?: number;
  readonly counted: readonly CountedOutput[];
  /** The output with class scores, if there are labels. */
  readonly scores: Value | null;
}

interface Outputs {
  readonly values: readonly Recorded[];
  readonly scores: { readonly rows: Recorded; readonly kind: Scores } | null;
}

/** The outputs of a network for all calibration images; values are matched by name. */
async function outputsOf(
  graph: Graph,
  { context, images, counted, scores }: OutputRequest,
): Promise<Outputs> {
  const kept = [
    ...counted.map(({ value }) => ({ value, keep: 'numbers' }) as const),
    ...(scores ? [{ value: scores, keep: 'all' } as const] : []),
  ];
  const recorded = await outputsOnImages(graph, kept, { ...context, images });
  const values = recorded.slice(0, counted.length);
  if (!scores) return { values, scores: null };
  const own = graph.outputs.find(({ name }) => name === scores.name)!;
  return { values, scores: { rows: recorded[counted.length]!, kind: scoresOf(graph, own) } };
}

function accuracyOf(
  scores: Outputs['scores'],
  { batches }: Calibration,
): Pick<ComparisonResult, 'top1' | 'loss'> {
  if (!scores) return { top1: null, loss: null };
  const labels = batches.flatMap((batch) => Array.from(batch.labels, Number));
  const rows = scores.rows.flatMap((run) => rowsOf(run, labels.length / scores.rows.length));
  let [hits, loss] = [0, 0];
  for (const [image, row] of rows.entries()) {
    const verdict = judge(row, labels[image]!, scores.kind);
    if (verdict.rank < 1) hits++;
    loss += verdict.loss;
  }
  return { top1: hits / rows.length, loss: loss / rows.length };
}

/** The scores of each image of a run: a network with a fixed batch size processes a calibration batch in several runs. */
const rowsOf = (run: Float32Array, images: number): Float32Array[] => {
  const classes = run.length / images;
  return Array.from({ length: images }, (_, i) => run.subarray(i * classes, (i + 1) * classes));
};

function errorsOf(
  counted: readonly CountedOutput[],
  [reference, own]: readonly [Outputs, Outputs],
): Pick<ComparisonResult, 'outputError' | 'outputErrors'> {
  const errors = counted.map(({ name, kind }, i) => {
    const [y, found] = [reference.values[i]!, own.values[i]!];
    return [name, kind === 'choices' ? 1 - equalPart(y, found) : differenceOf(y, found).error] as const;
  });
  const outputError = errors.reduce((sum, [, error]) => sum + error, 0) / errors.length;
  return { outputError, outputErrors: Object.fromEntries(errors) };
}
