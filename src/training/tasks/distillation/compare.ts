import type { Graph } from '../../../graph/graph.ts';
import { differenceOf } from '../../../measure/outputs/difference.ts';
import { elementCount, float32Data } from '../../../numeric/tensor.ts';
import { zip } from '../../../numeric/zip.ts';
import type { Executor } from '../../../runtime/executor.ts';
import type { DistilledPair } from './pairs.ts';
import { boundNetwork, type ImagesToRun, openValues, overImages } from './teacher.ts';

/** How far the outputs of a student are from those of its teacher. */
export interface TeacherComparison {
  /** The mean of {@link errors}. */
  readonly error: number;
  /**
   * By output: the relative error ‖s − t‖₂/‖t‖₂ over all images, of the output or of the value that is compared in its place.
   * For class scores, the mean over classes is subtracted first.
   */
  readonly errors: Readonly<Record<string, number>>;
  /**
   * By output of class scores: the fraction in [0, 1] of images (or of positions of a map) to which both networks assign the
   * same class.
   */
  readonly agreements: Readonly<Record<string, number>>;
}

/** The networks that are compared. */
export interface ComparedNetworks {
  readonly student: Graph;
  readonly teacher: Graph;
  readonly pairs: readonly DistilledPair[];
}

/** Runs both networks on images and compares their values. */
export async function compareWithTeacher(
  { student, teacher, pairs }: ComparedNetworks,
  images: ImagesToRun,
  engine: { readonly executor: Executor; readonly threads?: number | undefined },
): Promise<TeacherComparison> {
  const { source, batch } = images;
  const open = (network: Graph, names: readonly string[]) =>
    openValues(boundNetwork(network, source, batch), names, engine);
  const own = await open(
    student,
    pairs.map((pair) => pair.student),
  );
  const its = await open(
    teacher,
    pairs.map((pair) => pair.teacher),
  );
  const sums = pairs.map((pair) => ({ pair, signal: 0, noise: 0, same: 0, places: 0 }));
  try {
    await overImages(images, async (inputs, count) => {
      const [values, expected] = [await own.run(inputs), await its.run(inputs)];
      for (const [sum, s, t] of zip(sums, values, expected)) {
        const part = (numbers: Float32Array) =>
          numbers.subarray(0, Math.round((numbers.length * count) / batch));
        const [found, wanted] = [s, t].map((value) => centred(part(float32Data(value)), sum.pair)) as [
          Float32Array,
          Float32Array,
        ];
        const { signal, noise } = differenceOf([wanted], [found]);
        sum.signal += signal;
        sum.noise += noise;
        addAgreement(sum, found, wanted);
      }
    });
  } finally {
    await own.close();
    await its.close();
  }
  const errors = sums.map(
    ({ pair, signal, noise }) => [nameOf(pair), Math.sqrt(noise / Math.max(signal, 1e-30))] as const,
  );
  const agreements = sums.flatMap(({ pair, same, places }) =>
    places > 0 ? [[nameOf(pair), same / places] as const] : [],
  );
  return {
    error: errors.reduce((total, [, error]) => total + error, 0) / errors.length,
    errors: Object.fromEntries(errors),
    agreements: Object.fromEntries(agreements),
  };
}

/** The name of the output, with the compared value if it is another. */
export const nameOf = ({ output, student }: DistilledPair): string =>
  output === student ? output : `${output} (${student})`;

interface AgreementCount {
  readonly pair: DistilledPair;
  same: number;
  places: number;
}

/** Class scores minus their mean, which changes no probability and is not trained. Other values are returned unchanged. */
function centred(numbers: Float32Array, pair: DistilledPair): Float32Array {
  const result = numbers.slice();
  for (const { start, stride, count } of placesOf(pair, numbers.length)) {
    let mean = 0;
    for (let c = 0; c < count; c++) mean += numbers[start + c * stride]! / count;
    for (let c = 0; c < count; c++) result[start + c * stride]! -= mean;
  }
  return result;
}

function addAgreement(sum: AgreementCount, found: Float32Array, wanted: Float32Array): void {
  for (const place of placesOf(sum.pair, wanted.length)) {
    if (highest(found, place) === highest(wanted, place)) sum.same++;
    sum.places++;
  }
}

/** The position of one distribution of scores: one image, or one pixel of a map. */
interface Place {
  readonly start: number;
  readonly stride: number;
  readonly count: number;
}

/** All distributions of scores; none for values that are not class scores. */
function* placesOf({ shape, loss, axis }: DistilledPair, length: number): Generator<Place> {
  if (loss !== 'kl' || axis === null) return;
  const [count, stride] = [shape[axis]!, elementCount(shape.slice(axis + 1))];
  for (let at = 0; at < length; at += count * stride)
    for (let i = 0; i < stride; i++) yield { start: at + i, stride, count };
}

function highest(numbers: Float32Array, { start, stride, count }: Place): number {
  let best = 0;
  for (let c = 1; c < count; c++)
    if (numbers[start + c * stride]! > numbers[start + best * stride]!) best = c;
  return best;
}
