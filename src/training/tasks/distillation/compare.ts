import type { Graph } from '../../../graph/graph.ts';
import { differenceOf } from '../../../measure/outputs/difference.ts';
import { elementCount, float32Data } from '../../../numeric/tensor.ts';
import { zip } from '../../../numeric/zip.ts';
import type { Executor } from '../../../runtime/executor.ts';
import type { DistilledPair } from './pairs.ts';
import { boundNetwork, type ImagesToRun, openValues, overImages } from './teacher.ts';

/** How far a student is from its teacher. */
export interface TeacherComparison {
  /** The mean of {@link errors}. */
  readonly error: number;
  /** ‖s − t‖₂/‖t‖₂ over all images, of each output, or of the values compared in its place; of class scores without their mean. */
  readonly errors: Readonly<Record<string, number>>;
  /** The part, in [0, 1], of the images (or places of a map) to which both give the same class, for each output of class scores. */
  readonly agreements: Readonly<Record<string, number>>;
}

/** The networks that are compared. */
export interface ComparedNetworks {
  readonly student: Graph;
  readonly teacher: Graph;
  readonly pairs: readonly DistilledPair[];
}

/** Runs both networks on images. */
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

/** The output, and the value that stands for it where that is another. */
export const nameOf = ({ output, student }: DistilledPair): string =>
  output === student ? output : `${output} (${student})`;

interface Agreement {
  readonly pair: DistilledPair;
  same: number;
  places: number;
}

/** The scores of each place, without their mean: it changes no probability, and nothing trains it. Other values are left alone. */
function centred(numbers: Float32Array, pair: DistilledPair): Float32Array {
  const result = numbers.slice();
  for (const { start, stride, count } of placesOf(pair, numbers.length)) {
    let mean = 0;
    for (let c = 0; c < count; c++) mean += numbers[start + c * stride]! / count;
    for (let c = 0; c < count; c++) result[start + c * stride]! -= mean;
  }
  return result;
}

function addAgreement(sum: Agreement, found: Float32Array, wanted: Float32Array): void {
  for (const place of placesOf(sum.pair, wanted.length)) {
    if (highest(found, place) === highest(wanted, place)) sum.same++;
    sum.places++;
  }
}

/** Where the scores of one image, or of one place of a map, lie. */
interface Place {
  readonly start: number;
  readonly stride: number;
  readonly count: number;
}

/** None but in class scores. */
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
