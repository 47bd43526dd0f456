import type { Builder } from '../graph/builder.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { asImageNetwork } from '../measure/classifier.ts';
import { pixelAxis } from '../measure/outputs/pixel-axis.ts';
import { float32Data, type Tensor } from '../numeric/tensor.ts';
import type { Calibration } from './calibration.ts';
import { type Probe, type ProbeContext, probe } from './probe.ts';

/** A value of a network that is recorded for all images. */
export interface RecordedOutput {
  readonly value: Value;
  /**
   * What is recorded. `numbers`: all elements, or every n-th of many; `all`: all elements; `class of images` or `class of
   * pixels`: the index of the highest score (empty if the value has no scores per pixel).
   */
  readonly keep: 'numbers' | 'all' | 'class of images' | 'class of pixels';
}

/** The recorded elements, run by run. */
export type Recorded = readonly Float32Array[];

/**
 * Maximum number of elements recorded per value; above it, every n-th is recorded, the same for networks with equal shapes.
 */
const MOST_NUMBERS = 2 ** 24;

/** Runs a network on all calibration images, and records some of its values. */
export async function outputsOnImages(
  network: Graph,
  kept: readonly RecordedOutput[],
  context: ProbeContext & Pick<Probe, 'images'>,
): Promise<Recorded[]> {
  const recorded = kept.map((output) => ({ output, runs: [] as Float32Array[] }));
  await probe(asImageNetwork(network).graph, context, {
    ...(context.images && { images: context.images }),
    append({ g, copyOf, watch }) {
      for (const { output, runs } of recorded)
        watch(asFloat32(g, copyOf(output.value)), (value, { batch: { count } }) =>
          runs.push(keptOf(value, { keep: output.keep, count }, context.calibration)),
        );
    },
  });
  return recorded.map(({ runs }) => runs);
}

/** A copy under a new name: an input cannot be an output, and a value may be recorded twice. */
const asFloat32 = (g: Builder, value: Value): Value =>
  value.dtype === 'float32' || value.dtype === null ? g.Identity(value) : g.Cast(value, { to: 1 });

function keptOf(
  value: Tensor,
  { keep, count }: Pick<RecordedOutput, 'keep'> & { readonly count: number },
  { batches, image: [, height, width] }: Calibration,
): Float32Array {
  const { shape } = value;
  const numbers = float32Data(value);
  if (keep === 'all') return numbers.slice();
  if (keep === 'class of images') return highestAlong(numbers, [count, numbers.length / count], 1);
  if (keep === 'class of pixels') {
    const axis = pixelAxis(shape, { height, width });
    return axis === null ? new Float32Array() : highestAlong(numbers, shape, axis);
  }
  const stride = strideFor(numbers.length * batches.length, shape);
  if (stride === 1) return numbers.slice();
  return Float32Array.from({ length: Math.ceil(numbers.length / stride) }, (_, i) => numbers[i * stride]!);
}

/** The smallest stride that selects few enough elements and all indices of each axis. */
function strideFor(total: number, shape: readonly number[]): number {
  let stride = Math.ceil(total / MOST_NUMBERS);
  const sharesAFactor = (size: number) => gcd(size, stride) > 1;
  while (stride > 1 && shape.some(sharesAFactor)) stride++;
  return stride;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The index of the maximum along an axis, for each position on the other axes; of equal ones the first. */
function highestAlong(numbers: Float32Array, shape: readonly number[], axis: number): Float32Array {
  const count = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const highest = new Float32Array(numbers.length / Math.max(count, 1));
  for (let place = 0; place < highest.length; place++) {
    const first = Math.floor(place / inner) * count * inner + (place % inner);
    let best = 0;
    for (let k = 1; k < count; k++)
      if (numbers[first + k * inner]! > numbers[first + best * inner]!) best = k;
    highest[place] = best;
  }
  return highest;
}
