import type * as ort from 'onnxruntime-node';
import { random } from '../../src/numeric/random.ts';
import { loadOnnxruntime } from '../../src/runtime/onnxruntime/session.ts';
import type { ImageSize } from './export.ts';
import { patchInputs } from './images.ts';

/**
 * How an output's error is taken: the largest, relative to the largest element, or ‖a − b‖₂/‖a‖₂, which does not hang on the one
 * element that rounding hits worst.
 */
export type ErrorNorm = 'largest' | 'energy';

export interface DifferenceOptions {
  readonly size: ImageSize;
  readonly norm: ErrorNorm;
  /** Normal noise, or images such as those that ranges were calibrated on. */
  readonly inputs: 'noise' | 'patches';
}

/**
 * The largest error of any output of two files on random inputs: in onnxruntime alone, its optimiser off, at two batch sizes and two
 * image sizes where the file leaves them open. Throws where signatures differ.
 */
export async function difference(
  given: string,
  made: string,
  { size, norm, inputs }: DifferenceOptions,
): Promise<number> {
  const [before, after] = await Promise.all([given, made].map(open));
  const [wanted, found] = [before!, after!].map(signature);
  if (wanted !== found) throw new Error(`expected the signature ${wanted}, found ${found}`);
  let worst = 0;
  for (const feed of await feedsOf(before!, size, inputs)) {
    const [expected, actual] = [await before!.run(feed), await after!.run(feed)];
    for (const name of before!.outputNames) {
      worst = Math.max(worst, norms[norm](expected[name]!, actual[name]!, name));
    }
  }
  return worst;
}

const { InferenceSession, Tensor } = await loadOnnxruntime();

const open = (path: string) =>
  InferenceSession.create(path, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 });

const signature = ({ inputMetadata, outputMetadata }: ort.InferenceSession): string =>
  JSON.stringify([
    inputMetadata.map((input) => [input.name, input.isTensor && [input.type, input.shape]]),
    outputMetadata.map((output) => [output.name, output.isTensor && output.type]),
  ]);

/** One feed for each size and batch at which the file runs. */
async function feedsOf(
  { inputMetadata }: ort.InferenceSession,
  { height, width }: ImageSize,
  inputs: DifferenceOptions['inputs'],
) {
  const [input] = inputMetadata;
  if (!input?.isTensor) throw new Error('expected an image input');
  const variants = [1, 2].flatMap((batch) => [1, 2].map((times) => ({ batch, times })));
  const shapes = variants.map(({ batch, times }) =>
    input.shape.map((dim) => {
      if (typeof dim === 'number') return dim;
      if (dim === 'batch') return batch;
      return times * (dim === 'height' ? height : width);
    }),
  );
  const different = [...new Map(shapes.map((shape) => [shape.join(), shape])).values()];
  const made = different.map(async (shape, i) => {
    const data = inputs === 'noise' ? noise(i, shape) : await patchInputs(i + 1, shape);
    return { [input.name]: new Tensor('float32', data, shape) };
  });
  return Promise.all(made);
}

const noise = (seed: number, shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random(5, seed).normal);

/** The largest difference, relative to the largest element that is expected; NaN where one side alone has one. */
export function relative(expected: ort.Tensor, actual: ort.Tensor, name: string): number {
  const [a, b] = pairOf(expected, actual, name);
  let [apart, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const error = a[i] === b[i] ? 0 : Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(error)) return error;
    apart = Math.max(apart, error);
    largest = Math.max(largest, Math.abs(a[i]!));
  }
  return apart / Math.max(largest, 1e-12);
}

/** ‖a − b‖₂/‖a‖₂; NaN where one side has one. */
function energy(expected: ort.Tensor, actual: ort.Tensor, name: string): number {
  const [a, b] = pairOf(expected, actual, name);
  let [signal, noise] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    signal += a[i]! ** 2;
    noise += (a[i]! - b[i]!) ** 2;
  }
  return Math.sqrt(noise / Math.max(signal, 1e-24));
}

const norms: Readonly<Record<ErrorNorm, typeof relative>> = { largest: relative, energy };

function pairOf(expected: ort.Tensor, actual: ort.Tensor, name: string): [Float32Array, Float32Array] {
  if (expected.dims.join() !== actual.dims.join()) {
    throw new Error(`${name}: expected [${expected.dims}], found [${actual.dims}]`);
  }
  return [expected.data as Float32Array, actual.data as Float32Array];
}
