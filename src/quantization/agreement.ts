import { outputsOnImages, type Recorded, type RecordedOutput } from '../calibration/outputs-on-images.ts';
import type { ProbeContext } from '../calibration/probe.ts';
import type { Graph } from '../graph/graph.ts';
import { findClassScores } from '../measure/outputs/class-scores.ts';
import { type CountedOutput, countedOutputs } from '../measure/outputs/counted.ts';
import { differenceOf, equalPart } from '../measure/outputs/difference.ts';

/** How far two networks agree on one output, without labels. */
export interface OutputAgreement {
  readonly name: string;
  /** ‖y − ŷ‖₂/‖y‖₂, where y is from the first network; for integers and booleans, the fraction of elements that differ. */
  readonly error: number;
  /** 10·log₁₀(Σy²/Σ(y − ŷ)²) in dB; ∞ if they are equal; null for integers and booleans. */
  readonly sqnrDb: number | null;
  /** The fraction in [0, 1] of images, pixels or elements with the same class; null if there are no classes. */
  readonly same: { readonly of: 'images' | 'pixels' | 'elements'; readonly part: number } | null;
}

/** How far two networks agree on images. */
export interface Agreement {
  readonly images: number;
  readonly outputs: readonly OutputAgreement[];
  /** For the class scores, else the first output with classes; null if there is none. */
  readonly sameClass: number | null;
  /** The minimum over all outputs. */
  readonly sqnrDb: number;
}

/**
 * Runs both networks on the images, and compares each output. Their outputs must have equal shapes.
 *
 * @example
 * const { sameClass, sqnrDb } = await compareOutputs(network, changed, { calibration, executor: onnxruntime });
 */
export async function compareOutputs(before: Graph, after: Graph, context: ProbeContext): Promise<Agreement> {
  const { batches, classes: ofData } = context.calibration;
  const { counted } = countedOutputs(before, context.outputs);
  const scores = findClassScores(before, { classes: ofData }).value;
  const kept = counted.flatMap((output): RecordedOutput[] => [
    { value: output.value, keep: 'numbers' },
    { value: output.value, keep: output.value === scores ? 'class of images' : 'class of pixels' },
  ]);
  const expected = await outputsOnImages(before, kept, context);
  const actual = await outputsOnImages(after, kept, context);
  // Maps of several sizes belong to a detector, and their channels are no classes.
  const sizes = new Set(
    counted.flatMap(({ value }, i) => (value === scores ? [] : (expected[2 * i + 1]![0]?.length ?? []))),
  );
  sizes.delete(0);
  const outputs = counted.map((output, i) => {
    const pair = (at: number) => [expected[at]!, actual[at]!] as const;
    const of = output.value === scores ? 'images' : 'pixels';
    const hasClasses = of === 'images' || sizes.size === 1;
    const classes = hasClasses ? pair(2 * i + 1) : ([[], []] as const);
    return agreementOf(output, { numbers: pair(2 * i), classes, of });
  });
  const first = outputs.find(({ same }) => same?.of === 'images') ?? outputs.find(({ same }) => same);
  return {
    images: batches.reduce((sum, { count }) => sum + count, 0),
    outputs,
    sameClass: first?.same?.part ?? null,
    sqnrDb: Math.min(...outputs.map(({ sqnrDb }) => sqnrDb ?? Number.POSITIVE_INFINITY)),
  };
}

type Pair = readonly [expected: Recorded, actual: Recorded];

interface Compared {
  readonly numbers: Pair;
  readonly classes: Pair;
  readonly of: 'images' | 'pixels';
}

function agreementOf({ name, kind }: CountedOutput, { numbers, classes, of }: Compared): OutputAgreement {
  if (kind === 'choices') {
    const part = equalPart(...numbers);
    return { name, error: 1 - part, sqnrDb: null, same: { of: 'elements', part } };
  }
  const { signal, noise, error } = differenceOf(...numbers);
  const hasClasses = classes[0].some(({ length }) => length > 0);
  return {
    name,
    error,
    sqnrDb: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise),
    same: hasClasses ? { of, part: equalPart(...classes) } : null,
  };
}
