import { builderOf } from '../../../graph/builder.ts';
import { cloneGraph } from '../../../graph/clone.ts';
import { type PlanarConvolution, readPlanarConvolution } from '../../../graph/convolution.ts';
import { isRefusal } from '../../../graph/edit/refused.ts';
import { emptyGraph, type Graph, nodeName, staticShape } from '../../../graph/graph.ts';
import { inferShapes } from '../../../graph/shapes/index.ts';
import { elementCount, filled } from '../../../numeric/tensor.ts';
import { bindDimensions } from '../../../rewrite/index.ts';
import type { StripeLayer } from '../../layers.ts';
import { type LatencyTable, type LayerLatency, sizeName } from './table.ts';

/** Measures milliseconds of graphs, each on one image. */
type TimeGraphs = (graphs: readonly Graph[]) => Promise<readonly number[]>;

interface ShapeTiming {
  /** Number of filters per block. */
  readonly block: number;
  readonly time: TimeGraphs;
  /** The graph that is timed as the whole network; default: the network itself. */
  readonly whole?: Graph;
}

/**
 * Times all possible shapes of each layer: its kernel cropped to every size, 1, 2, 4 … blocks wide; equal layers only once.
 * The overhead of starting a run is subtracted. Layers with groups, or that are not two-dimensional, are not timed.
 */
export async function measureLatencies(
  network: Graph,
  layers: readonly StripeLayer[],
  { block, time, whole = network }: ShapeTiming,
): Promise<LatencyTable> {
  const bound = cloneGraph(bindDimensions(network, 1));
  inferShapes(bound);
  const nodes = new Map(bound.nodes.map((node) => [nodeName(node), node]));
  const [wholeMs = 0, startMs = 0] = await time([whole, startingAlone(1)]);
  const alike = new Map<string, LayerLatency>();
  const rows: [string, LayerLatency][] = [];
  for (const layer of layers) {
    const node = nodes.get(layer.name);
    const conv = node && readPlanarConvolution(node);
    if (!conv || isRefusal(conv) || conv.group > 1) continue;
    const key = JSON.stringify([conv.x.shape, layer.filters, layer.kernel, node.attributes]);
    const known = alike.get(key) ?? (await measureLayer(conv, { block, time }));
    alike.set(key, known);
    rows.push([layer.name, known]);
  }
  return fitted({ networkMs: wholeMs - startMs, layers: Object.fromEntries(rows) }, layers);
}

/** Copies of a layer in the graph that times it, since starting a run takes as long as a small convolution. */
const COPIES = 4;

async function measureLayer(conv: PlanarConvolution, { block, time }: ShapeTiming): Promise<LayerLatency> {
  const {
    filters,
    kernel: [kH, kW],
  } = conv;
  const widths = widthsOf(filters, block);
  const sizes = Array.from({ length: kH * kW }, (_, i) => [Math.floor(i / kW) + 1, (i % kW) + 1] as const);
  const single = sizes.flatMap((size) => widths.map((width) => croppedLayer(conv, size, [width])));
  const half = Math.max(1, filters >> 1);
  const halves = [[half], [half, half]].map((parts) => croppedLayer(conv, [kH, kW], parts));
  const [startMs = 0, ...runs] = await time([startingAlone(COPIES), ...single, ...halves]);
  const times = runs.map((ms) => Math.max(0, ms - startMs) / COPIES);
  const [one = 0, two = 0] = times.slice(single.length);
  const ms = sizes.map((size, i): Row => [size, times.slice(i * widths.length, (i + 1) * widths.length)]);
  return { filters: widths, ms: atMost(ms), joinMs: Math.max(0, two - 2 * one) };
}

type Row = readonly [size: readonly [number, number], times: readonly number[]];

/** Limits each time to that of larger kernels and of more filters, which do more work: anything above is noise. */
function atMost(rows: readonly Row[]): LayerLatency['ms'] {
  const lowered = rows.map(([[kH, kW], times]) => {
    const larger = rows.filter(([[h, w]]) => h >= kH && w >= kW);
    const row = times.map((_, i) => Math.min(...larger.flatMap(([, others]) => others.slice(i))));
    return [sizeName(kH, kW), row] as const;
  });
  return Object.fromEntries(lowered);
}

/** The widths that are timed: 1, 2, 4 … blocks, and all filters. */
function widthsOf(filters: number, block: number): number[] {
  const widths: number[] = [];
  for (let width = block; width < filters; width *= 2) widths.push(width);
  return [...widths, filters];
}

/** A layer of several concatenated parts, each `width` filters wide, with the kernel cropped around its centre. */
function croppedLayer(
  conv: PlanarConvolution,
  size: readonly [number, number],
  parts: readonly number[],
): Graph {
  const graph = emptyGraph('layer');
  const g = builderOf(graph);
  const { x, channels, strides, dilations } = conv;
  const input = g.input('x', 'float32', staticShape(x));
  const attributes = { strides, dilations, pads: croppedPads(conv, size) };
  for (let copy = 0; copy < COPIES; copy++) {
    const outputs = parts.map((filters) => {
      const shape = [filters, channels, ...size];
      return g.Conv(input, g.constant(filled(shape, (1 + copy) / elementCount(shape))), null, attributes);
    });
    g.output(outputs.length === 1 ? outputs[0]! : g.Concat(...outputs, { axis: 1 }), `y${copy}`);
  }
  return graph;
}

/** The padding of a kernel that is cropped around its centre. */
function croppedPads(
  { kernel: [kH, kW], dilations: [dH, dW], pads: [top, left, bottom, right] }: PlanarConvolution,
  [height, width]: readonly [number, number],
): number[] {
  const [above, before] = [(kH - height) >> 1, (kW - width) >> 1];
  const [below, after] = [kH - height - above, kW - width - before];
  const pads = [top - above * dH, left - before * dW, bottom - below * dH, right - after * dW];
  return pads.map((pad) => Math.max(0, pad));
}

/** A graph without computation that has the same number of outputs. */
function startingAlone(results: number): Graph {
  const graph = emptyGraph('start');
  const g = builderOf(graph);
  const x = g.input('x', 'float32', [1, 1]);
  for (let i = 0; i < results; i++) g.output(g.Relu(x), `y${i}`);
  return graph;
}

/** Scales the times of layers if their sum exceeds the time of the network. */
function fitted(table: LatencyTable, layers: readonly StripeLayer[]): LatencyTable {
  const dense = layers.reduce((sum, { name, kernel: [kH = 1, kW = 1] }) => {
    return sum + (table.layers[name]?.ms[sizeName(kH, kW)]?.at(-1) ?? 0);
  }, 0);
  const scale = Math.min(1, table.networkMs / dense);
  const scaled = ({ filters, ms, joinMs }: LayerLatency): LayerLatency => ({
    filters,
    joinMs: joinMs * scale,
    ms: Object.fromEntries(Object.entries(ms).map(([size, row]) => [size, row.map((t) => t * scale)])),
  });
  const rows = Object.entries(table.layers).map(([name, latency]) => [name, scaled(latency)] as const);
  return { networkMs: table.networkMs, layers: Object.fromEntries(rows) };
}
