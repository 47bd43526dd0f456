import { type ProbeContext, probe } from '../../calibration/probe.ts';
import type { Builder } from '../../graph/builder.ts';
import { type Graph, onlyOutput, staticShape, type Value } from '../../graph/graph.ts';
import { random } from '../../numeric/random.ts';
import { int64s, makeTensor, type Tensor } from '../../numeric/tensor.ts';
import type { Refit } from './refits.ts';

/** The output of a layer of the original network at some positions of each image. */
export interface SampledRun {
  /** [positions], the same for all images of the run. */
  readonly places: readonly number[];
  /** [images, remaining filters, positions]. */
  readonly targets: Tensor;
}

/** A layer to be fitted, and its samples by run. */
export interface SampledRefit {
  readonly refit: Refit;
  readonly runs: readonly SampledRun[];
}

export interface Sampling extends ProbeContext {
  readonly seed: number;
}

/** Samples per unknown of a row, without the held-out fifth. */
const PER_UNKNOWN = 5;
const FEWEST = 2000;

/** Runs the original network once, and records its layers' outputs at positions that are drawn anew for each batch. */
export async function sampleTargets(
  original: Graph,
  refits: readonly Refit[],
  sampling: Sampling,
): Promise<SampledRefit[]> {
  const { calibration, seed } = sampling;
  const draws: Draw[] = [];
  const sampled: SampledRefit[] = [];
  await probe(original, sampling, {
    append({ g, copyOf, watch }) {
      for (const [i, refit] of refits.entries()) {
        const maps = channelsFirst(g, copyOf(onlyOutput(refit.original.node)), refit.original.channelAxis);
        const [images = 1, , places = 1] = staticShape(maps);
        const wanted = Math.max(FEWEST, PER_UNKNOWN * refit.layer.columns) * 1.25;
        const count = Math.min(places, Math.ceil(wanted / images / calibration.batches.length));
        const input = g.input(`places.${i}`, 'int64', [count]);
        const runs: SampledRun[] = [];
        sampled.push({ refit, runs });
        const drawn = (run: number) =>
          Array.from(random(seed, i, run).permutation(places).subarray(0, count));
        draws.push({ input: input.name, drawn });
        const chosen = g.Gather(maps, input, { axis: 2 });
        watch(g.Gather(chosen, g.int64s(refit.kept), { axis: 1 }), ({ dtype, shape, data }, { run }) =>
          runs.push({
            places: drawn(run),
            targets: makeTensor(dtype, shape, data.slice() as Tensor['data']),
          }),
        );
      }
    },
    feeds: ({ run }) => Object.fromEntries(draws.map(({ input, drawn }) => [input, int64s(drawn(run))])),
  });
  return sampled;
}

/** The positions that a run samples. */
interface Draw {
  /** The name of the input for the positions. */
  readonly input: string;
  drawn(run: number): number[];
}

/** A value as [images, channels, positions]. */
export function channelsFirst(g: Builder, value: Value, axis: 1 | -1): Value {
  const shape = staticShape(value);
  const [first = 1, second = 1] = shape;
  if (axis === 1) return g.Reshape(value, g.int64s([first, second, -1]));
  const [last = 1] = shape.slice(-1);
  return g.Transpose(g.Reshape(value, g.int64s([first, -1, last])), { perm: [0, 2, 1] });
}
