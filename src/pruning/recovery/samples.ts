import { type ProbeContext, probe } from '../../calibration/probe.ts';
import type { Builder } from '../../graph/builder.ts';
import { type Graph, staticShape, type Value } from '../../graph/graph.ts';
import { random } from '../../numeric/random.ts';
import { int64s, type Tensor } from '../../numeric/tensor.ts';
import type { Refit } from './refits.ts';

/** What a layer of the original network gives at some places of each image, run by run. */
export interface Samples {
  /** [places], the same for all images of a run. */
  readonly places: readonly number[][];
  /** [images, filters that are left, places]. */
  readonly targets: readonly Tensor[];
}

export interface Sampling extends ProbeContext {
  readonly seed: number;
}

/** Samples for each row that there is to fit, the held-out fifth not counted. */
const PER_UNKNOWN = 5;
const FEWEST = 2000;

/** Runs the original network once, and keeps what its layers give at places drawn anew for each batch. */
export async function sampleTargets(
  original: Graph,
  refits: readonly Refit[],
  sampling: Sampling,
): Promise<Samples[]> {
  const { calibration, seed } = sampling;
  const draws: ((run: number) => number[])[] = [];
  const samples = refits.map(() => ({ places: [] as number[][], targets: [] as Tensor[] }));
  await probe(original, sampling, {
    append({ g, copyOf }) {
      refits.forEach((refit, i) => {
        const maps = channelsFirst(g, copyOf(refit.original.node.outputs[0]!), refit.original.channelAxis);
        const [images = 1, , places = 1] = staticShape(maps);
        const wanted = Math.max(FEWEST, PER_UNKNOWN * refit.layer.columns) * 1.25;
        const count = Math.min(places, Math.ceil(wanted / images / calibration.batches.length));
        draws[i] = (run) => Array.from(random(seed, i, run).permutation(places).subarray(0, count));
        const chosen = g.Gather(maps, g.input(`places.${i}`, 'int64', [count]), { axis: 2 });
        g.output(g.Gather(chosen, g.int64s(refit.kept), { axis: 1 }), `targets.${i}`);
      });
    },
    feeds({ run }) {
      samples.forEach(({ places }, i) => void places.push(draws[i]!(run)));
      return Object.fromEntries(samples.map(({ places }, i) => [`places.${i}`, int64s(places[run]!)]));
    },
    onResult(results) {
      samples.forEach(({ targets }, i) => {
        const tensor = results[`targets.${i}`]!;
        targets.push({ ...tensor, data: tensor.data.slice() as Tensor['data'] });
      });
    },
  });
  return samples;
}

/** A value as [images, channels, places]. */
export function channelsFirst(g: Builder, value: Value, axis: 1 | -1): Value {
  const shape = staticShape(value);
  const [first = 1, second = 1] = shape;
  if (axis === 1) return g.Reshape(value, g.int64s([first, second, -1]));
  return g.Transpose(g.Reshape(value, g.int64s([first, -1, shape.at(-1)!])), { perm: [0, 2, 1] });
}
