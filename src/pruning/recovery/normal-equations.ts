import { type ProbeContext, type ProbeScope, probe } from '../../calibration/probe.ts';
import { assert } from '../../errors.ts';
import type { Builder } from '../../graph/builder.ts';
import { type Graph, onlyOutput, requiredInput, staticShape, type Value } from '../../graph/graph.ts';
import { addTo } from '../../numeric/statistics.ts';
import { elementCount, int64s, makeTensor } from '../../numeric/tensor.ts';
import { type KernelReads, type LinearLayer, layerTaps } from './linear-layer.ts';
import { channelsFirst, type SampledRefit, type SampledRun } from './samples.ts';

/**
 * The sums for a least-squares fit of X·Δ to the residual R, where X [rows, n] is what a layer reads (with a 1 if it has a
 * bias) and R [rows, m] is the difference of its output from the original's. In double precision, by group.
 */
export interface NormalEquations {
  /** XᵀX [groups, n, n]. */
  readonly products: Float64Array;
  /** XᵀR [groups, n, m]. */
  readonly moments: Float64Array;
  /** ΣR², and ΣY² of the original output. */
  readonly squares: Float64Array;
}

export interface FitAndHeldOut {
  readonly fit: NormalEquations;
  /** Sums over the last fifth of the rows, which are other images if a batch has more than a few. */
  readonly held: NormalEquations;
}

/** ONNX's type number of float64. */
const FLOAT64 = 11;

/** Runs the pruned network up to one layer, and sums over the samples of the original. */
export async function normalEquations(
  pruned: Graph,
  { refit: { layer }, runs }: SampledRefit,
  context: ProbeContext,
): Promise<FitAndHeldOut> {
  let observed: FitAndHeldOut | null = null;
  let fed: FedInputs | null = null;
  const [sample] = runs;
  assert(sample, 'a layer is fit without samples');
  await probe(pruned, context, {
    append(scope) {
      const { node } = layer;
      const [x, y] = [scope.copyOf(requiredInput(node, 0)), scope.copyOf(onlyOutput(node))];
      const own = { ...layer, node: { ...node, inputs: [x, ...node.inputs.slice(1)], outputs: [y] } };
      fed = fedInputs(scope.g, sample, layer.channelAxis === 1 ? layerTaps(own) : null);
      observed = appendSums(scope, own, fed);
    },
    feeds({ run }) {
      const sampled = runs[run];
      assert(sampled && fed, `run ${run} has no samples`);
      const { places, targets, taps } = fed;
      const feeds = { [places.name]: int64s(sampled.places), [targets.name]: sampled.targets };
      return taps ? { ...feeds, [taps.indices.name]: int64s(taps.reads.at(sampled.places)) } : feeds;
    },
  });
  assert(observed, 'the probe was not appended');
  return observed;
}

/** The inputs of each run besides the images; their names are unique in the network. */
interface FedInputs {
  readonly places: Value;
  readonly targets: Value;
  /** The inputs that a convolution reads at each position; null for other layers. */
  readonly taps: { readonly reads: KernelReads; readonly indices: Value } | null;
}

function fedInputs(g: Builder, { places, targets }: SampledRun, reads: KernelReads | null): FedInputs {
  const count = places.length;
  return {
    places: g.input('places', 'int64', [count]),
    targets: g.input('targets', 'float32', targets.shape),
    taps: reads && { reads, indices: g.input('taps', 'int64', [count * reads.kernel]) },
  };
}

function appendSums({ g, watch }: ProbeScope, layer: LinearLayer, fed: FedInputs): FitAndHeldOut {
  const { places, targets } = fed;
  const y = channelsFirst(g, onlyOutput(layer.node), layer.channelAxis);
  const given = g.Gather(y, places, { axis: 2 });
  const read = g.Cast(withOnes(g, inputRows(g, layer, fed), layer), { to: FLOAT64 });
  const rowsOfOutput = (value: Value) => g.Cast(outputRows(g, value, layer.groups), { to: FLOAT64 });
  const [wanted, lacking] = [rowsOfOutput(targets), rowsOfOutput(g.Sub(targets, given))];
  const [, count = 0] = staticShape(read);
  const fitted = Math.max(1, Math.floor(count * 0.8));
  const summed = (value: Value): Float64Array => {
    const sum = new Float64Array(elementCount(staticShape(value)));
    watch(value, ({ data }) => addTo(sum, data as Float64Array));
    return sum;
  };
  const equationsOf = (range: readonly [number, number]): NormalEquations => {
    const rows = (value: Value) => rowsOf(g, value, range);
    const [x, w, r] = [rows(read), rows(wanted), rows(lacking)];
    const transposed = g.Transpose(x, { perm: [0, 2, 1] });
    const squares = [r, w].map((value) =>
      g.Reshape(g.ReduceSumSquare(value, null, { keepdims: 0 }), g.int64s([1])),
    );
    return {
      products: summed(g.MatMul(transposed, x)),
      moments: summed(g.MatMul(transposed, r)),
      squares: summed(g.Concat(...squares, { axis: 0 })),
    };
  };
  return { fit: equationsOf([0, fitted]), held: equationsOf([Math.min(fitted, count - 1), count]) };
}

const rowsOf = (g: Builder, value: Value, [from, to]: readonly [number, number]): Value =>
  g.Slice(value, g.int64s([from]), g.int64s([to]), g.int64s([1]));

/** What a layer reads at the positions: [groups, rows, columns]. */
function inputRows(g: Builder, layer: LinearLayer, { taps, places }: FedInputs): Value {
  const x = requiredInput(layer.node, 0);
  const [count = 1] = staticShape(places);
  const kernel = taps?.reads.kernel ?? 1;
  const maps = channelsFirst(g, taps ? padded(g, x, taps.reads) : x, layer.channelAxis);
  const [images = 1, channels = 1] = staticShape(maps);
  const perGroup = channels / layer.groups;
  const picked = g.Reshape(
    g.Gather(maps, taps?.indices ?? places, { axis: 2 }),
    g.int64s([images, layer.groups, perGroup, count, kernel]),
  );
  const rows = g.Transpose(picked, { perm: [1, 0, 3, 2, 4] });
  return g.Reshape(rows, g.int64s([layer.groups, images * count, perGroup * kernel]));
}

function padded(g: Builder, x: Value, { pads }: KernelReads): Value {
  if (pads.every((pad) => pad === 0)) return x;
  const rank = pads.length / 2;
  return g.Pad(x, g.int64s([0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)]));
}

/** [images, filters, positions] → [groups, rows, filters/group]. */
function outputRows(g: Builder, value: Value, groups: number): Value {
  const [images = 1, filters = 1, places = 1] = staticShape(value);
  const split = g.Reshape(value, g.int64s([images, groups, filters / groups, places]));
  return g.Reshape(
    g.Transpose(split, { perm: [1, 0, 3, 2] }),
    g.int64s([groups, images * places, filters / groups]),
  );
}

/** Appends a column of ones for the bias. */
function withOnes(g: Builder, rows: Value, { groups, biasAt }: LinearLayer): Value {
  if (biasAt === null) return rows;
  const [, count = 1] = staticShape(rows);
  const shape = [groups, count, 1];
  const one = makeTensor('float32', [1], Float32Array.of(1));
  return g.Concat(rows, g.ConstantOfShape(g.int64s(shape), { value: one }), { axis: 2 });
}
