import { type ProbeContext, probe } from '../../calibration/probe.ts';
import type { Builder } from '../../graph/builder.ts';
import { type Graph, staticShape, type Value } from '../../graph/graph.ts';
import { int64s, makeTensor } from '../../numeric/tensor.ts';
import type { Tensors } from '../../runtime/executor.ts';
import { type LinearLayer, layerTaps, type Taps } from './linear-layer.ts';
import type { Refit } from './refits.ts';
import { channelsFirst, type Samples } from './samples.ts';

/**
 * The sums that a least-squares fit of X·Δ to the residual R needs, X [rows, n] being what a layer reads (and a 1, where it
 * has a bias) and R [rows, m] what its output lacks. All in double precision, group by group.
 */
export interface NormalEquations {
  /** XᵀX [groups, n, n]. */
  readonly products: Float64Array;
  /** XᵀR [groups, n, m]. */
  readonly moments: Float64Array;
  /** ΣR², and ΣY² of the output that is wanted. */
  readonly squares: Float64Array;
}

export interface Observed {
  readonly fit: NormalEquations;
  /** Of the last fifth of the rows: other images, where a batch has more than a few. */
  readonly held: NormalEquations;
}

/** ONNX's number of float64. */
const FLOAT64 = 11;
const names = ['products', 'moments', 'squares'] as const;
const sides = ['fit', 'held'] as const;

/** Runs the pruned network up to one layer and sums over the samples of the original. */
export async function normalEquations(
  pruned: Graph,
  { refit, samples }: { readonly refit: Refit; readonly samples: Samples },
  context: ProbeContext,
): Promise<Observed> {
  const { layer } = refit;
  const sums = new Map<string, Float64Array>();
  let taps: Taps | null = null;
  await probe(pruned, context, {
    append({ g, copyOf }) {
      const { node } = layer;
      const [x, y] = [copyOf(node.inputs[0]!), copyOf(node.outputs[0]!)];
      const own = { ...layer, node: { ...node, inputs: [x, ...node.inputs.slice(1)], outputs: [y] } };
      taps = layer.channelAxis === 1 ? layerTaps(own) : null;
      appendSums(g, own, { taps, samples });
    },
    feeds({ run }) {
      const places = samples.places[run]!;
      const feeds = { places: int64s(places), targets: samples.targets[run]! };
      return taps ? { ...feeds, taps: int64s(taps.at(places)) } : feeds;
    },
    onResult: (results) => addResults(sums, results),
  });
  const [fit, held] = sides.map((side) => {
    const [products, moments, squares] = names.map((name) => sums.get(`${name}.${side}`)!);
    return { products: products!, moments: moments!, squares: squares! };
  });
  return { fit: fit!, held: held! };
}

function appendSums(
  g: Builder,
  layer: LinearLayer,
  { taps, samples }: { taps: Taps | null; samples: Samples },
): void {
  const { shape } = samples.targets[0]!;
  const places = g.input('places', 'int64', [samples.places[0]!.length]);
  const targets = g.input('targets', 'float32', shape);
  const given = g.Gather(channelsFirst(g, layer.node.outputs[0]!, layer.channelAxis), places, { axis: 2 });
  const read = g.Cast(withOnes(g, inputRows(g, layer, { taps, places }), layer), { to: FLOAT64 });
  const rowsOfOutput = (value: Value) => g.Cast(outputRows(g, value, layer.groups), { to: FLOAT64 });
  const [wanted, lacking] = [rowsOfOutput(targets), rowsOfOutput(g.Sub(targets, given))];
  const [, count = 0] = staticShape(read);
  const fitted = Math.max(1, Math.floor(count * 0.8));
  const ranges = { fit: [0, fitted], held: [Math.min(fitted, count - 1), count] } as const;
  for (const side of sides) {
    const rows = (value: Value) => rowsOf(g, value, ranges[side]);
    const [x, y, r] = [rows(read), rows(wanted), rows(lacking)];
    const transposed = g.Transpose(x, { perm: [0, 2, 1] });
    g.output(g.MatMul(transposed, x), `products.${side}`);
    g.output(g.MatMul(transposed, r), `moments.${side}`);
    const squares = [r, y].map((value) =>
      g.Reshape(g.ReduceSumSquare(value, null, { keepdims: 0 }), g.int64s([1])),
    );
    g.output(g.Concat(...squares, { axis: 0 }), `squares.${side}`);
  }
}

const rowsOf = (g: Builder, value: Value, [from, to]: readonly [number, number]): Value =>
  g.Slice(value, g.int64s([from]), g.int64s([to]), g.int64s([1]));

/** What a layer reads at the places: [groups, rows, columns]. */
function inputRows(
  g: Builder,
  layer: LinearLayer,
  { taps, places }: { taps: Taps | null; places: Value },
): Value {
  const x = layer.node.inputs[0]!;
  const count = staticShape(places)[0]!;
  const kernel = taps?.kernel ?? 1;
  const indices = taps ? g.input('taps', 'int64', [count * kernel]) : places;
  const maps = channelsFirst(g, taps ? padded(g, x, taps) : x, layer.channelAxis);
  const [images = 1, channels = 1] = staticShape(maps);
  const perGroup = channels / layer.groups;
  const picked = g.Reshape(
    g.Gather(maps, indices, { axis: 2 }),
    g.int64s([images, layer.groups, perGroup, count, kernel]),
  );
  const rows = g.Transpose(picked, { perm: [1, 0, 3, 2, 4] });
  return g.Reshape(rows, g.int64s([layer.groups, images * count, perGroup * kernel]));
}

function padded(g: Builder, x: Value, { pads }: Taps): Value {
  if (pads.every((pad) => pad === 0)) return x;
  const rank = pads.length / 2;
  return g.Pad(x, g.int64s([0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)]));
}

/** [images, filters, places] → [groups, rows, filters/group]. */
function outputRows(g: Builder, value: Value, groups: number): Value {
  const [images = 1, filters = 1, places = 1] = staticShape(value);
  const split = g.Reshape(value, g.int64s([images, groups, filters / groups, places]));
  return g.Reshape(
    g.Transpose(split, { perm: [1, 0, 3, 2] }),
    g.int64s([groups, images * places, filters / groups]),
  );
}

/** A column of ones for the bias. */
function withOnes(g: Builder, rows: Value, { groups, biasAt }: LinearLayer): Value {
  if (biasAt === null) return rows;
  const shape = [groups, staticShape(rows)[1]!, 1];
  const one = makeTensor('float32', [1], Float32Array.of(1));
  return g.Concat(rows, g.ConstantOfShape(g.int64s(shape), { value: one }), { axis: 2 });
}

function addResults(sums: Map<string, Float64Array>, results: Tensors): void {
  for (const [name, { data }] of Object.entries(results)) {
    const part = data as Float64Array;
    const sum = sums.get(name);
    if (!sum) sums.set(name, part.slice());
    else for (let i = 0; i < sum.length; i++) sum[i]! += part[i]!;
  }
}
