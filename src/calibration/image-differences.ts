import type { Graph } from '../graph/graph.ts';
import { findClassScores } from '../measure/outputs/class-scores.ts';
import { type CountedOutput, countedOutputs } from '../measure/outputs/counted.ts';
import { differenceOf, equalPart } from '../measure/outputs/difference.ts';
import { mean } from '../numeric/statistics.ts';
import { outputsOnImages, type Recorded, type RecordedOutput } from './outputs-on-images.ts';
import type { ProbeContext } from './probe.ts';

/** How far two networks differ on one image. */
export interface ImageDifference {
  /** The label of the image in the calibration. */
  readonly image: number;
  /** The mean of {@link errors}. */
  readonly error: number;
  /** By output: ‖ŷ − y‖₂/‖y‖₂, where y is from the first network; for integers and booleans, the fraction of elements that differ. */
  readonly errors: Readonly<Record<string, number>>;
  /** The classes with the highest scores; null if the networks have no class scores. */
  readonly classes: { readonly before: number; readonly after: number } | null;
}

/**
 * Runs both networks on the images, and compares the outputs of each image. Their outputs must have equal shapes.
 *
 * @example
 * const differences = await differencesByImage(network, changed, { calibration, executor: onnxruntime });
 * const [worst] = differences.toSorted((a, b) => b.error - a.error);
 */
export async function differencesByImage(
  before: Graph,
  after: Graph,
  context: ProbeContext,
): Promise<ImageDifference[]> {
  const { batches, classes } = context.calibration;
  const { counted } = countedOutputs(before, context.outputs);
  const scores = findClassScores(before, { classes }).value;
  const kept = [
    ...counted.map(({ value }): RecordedOutput => ({ value, keep: 'numbers' })),
    ...(scores ? [{ value: scores, keep: 'class of images' } as const] : []),
  ];
  const images = batches.flatMap(({ labels }) => Array.from(labels, Number));
  const expected = await rowsByImage(before, kept, { context, images: images.length });
  const actual = await rowsByImage(after, kept, { context, images: images.length });
  return images.map((image, i) => {
    const errors = counted.map(
      (output, at) => [output.name, errorOf(output, [expected[at]![i]!, actual[at]![i]!])] as const,
    );
    const classOf = (rows: readonly Recorded[]) => rows[counted.length]![i]![0]!;
    return {
      image,
      error: mean(errors.map(([, error]) => error)),
      errors: Object.fromEntries(errors),
      classes: scores && { before: classOf(expected), after: classOf(actual) },
    };
  });
}

interface RowsRequest {
  readonly context: ProbeContext;
  /** Number of images in all. */
  readonly images: number;
}

/** For each recorded value its elements by image: images are along the first axis of every run. */
async function rowsByImage(
  graph: Graph,
  kept: readonly RecordedOutput[],
  { context, images }: RowsRequest,
): Promise<Recorded[]> {
  const recorded = await outputsOnImages(graph, kept, context);
  return recorded.map((runs) => {
    const inRun = images / runs.length;
    return runs.flatMap((run) => {
      const size = run.length / inRun;
      return Array.from({ length: inRun }, (_, i) => run.subarray(i * size, (i + 1) * size));
    });
  });
}

const errorOf = ({ kind }: CountedOutput, [y, found]: readonly [Float32Array, Float32Array]): number =>
  kind === 'choices' ? 1 - equalPart([y], [found]) : differenceOf([y], [found]).error;
