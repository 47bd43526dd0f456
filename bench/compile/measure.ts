import { gzipSync } from 'node:zlib';
import type { Graph } from '../../src/graph/graph.ts';
import { type CompiledRunner, openCompiledIn } from '../../src/measure/compiled-runner.ts';
import { openPeakIn, type PeakRunner } from '../../src/measure/peak-runner.ts';
import { type Runner, sampleInTurns } from '../../src/measure/rounds.ts';
import { median, quantile } from '../../src/numeric/statistics.ts';
import type { WebPage } from '../../src/runtime/onnxruntime-web/index.ts';
import type { CompiledNetwork } from '../../src/runtime/webassembly/compile.ts';
import type { BenchedNetwork } from './networks.ts';
import { openOnnx, type Starts, startsOf } from './starts.ts';

/** The middle of a ratio over all rounds, and its quartiles. */
export interface Ratio {
  readonly median: number;
  readonly spread: readonly [number, number];
}

/** A layer of a compiled network. */
export interface LayerRow {
  readonly name: string;
  readonly op: string;
  readonly kernel: string;
  /** With living weights. */
  readonly macs: number;
  readonly ms: number;
  readonly gflops: number;
  readonly shareOfPeak: number;
}

export interface NetworkResult {
  /** Milliseconds in onnxruntime-web ÷ compiled, both dense. */
  readonly dense: Ratio;
  /** Milliseconds of the dense network in onnxruntime-web ÷ of the one with shaped filters, compiled. */
  readonly half: Ratio;
  /** Gain of the shaped network over the dense one, both compiled, ÷ gain in MACs. */
  readonly promiseKept: Ratio;
  readonly ms: { readonly ort: number; readonly dense: number; readonly half: number };
  readonly macs: { readonly dense: number; readonly half: number };
  readonly peakGflops: number;
  /** Of the dense network's convolutions together. */
  readonly shareOfPeak: number;
  readonly layers: { readonly dense: readonly LayerRow[]; readonly half: readonly LayerRow[] };
  readonly starts: Starts;
  readonly wasmBytes: number;
  readonly wasmGzipBytes: number;
}

export interface MeasureOptions {
  readonly compile: (graph: Graph) => Promise<CompiledNetwork>;
  /** Of the rounds of one network. */
  readonly seconds: number;
}

const SAMPLE_MS = 20;
/** V8 replaces the code of its first compiler meanwhile. */
const WARMUP_MS = 500;
const LAYER_ROUNDS = 9;
const LAYER_SAMPLE_MS = 2;

/** Times a network in onnxruntime-web and compiled, dense and shaped, and a loop of multiply-adds, in turns in one page. */
export async function measureNetwork(
  page: WebPage,
  { dense, shaped }: BenchedNetwork,
  { seconds, compile }: MeasureOptions,
): Promise<NetworkResult> {
  const compiled = { dense: await compile(dense), half: await compile(shaped) };
  const starts = await startsOf(page, dense, compiled.dense);
  const peak = await openPeakIn(page);
  const runners = [
    await openOnnx(page, dense),
    await openCompiledIn(page, compiled.dense),
    await openCompiledIn(page, compiled.half),
  ] as const;
  const [ortRunner, denseRunner, halfRunner] = runners;
  const [ort = [], whole = [], half = [], peaks = []] = await sampleInTurns([...runners, peak], {
    seconds,
    sampleMs: SAMPLE_MS,
    warmupMs: WARMUP_MS,
  });
  const layers = {
    dense: await layersOf(compiled.dense, denseRunner, peak),
    half: await layersOf(compiled.half, halfRunner, peak),
  };
  for (const runner of [ortRunner, denseRunner, halfRunner, peak]) await runner.close();
  const macs = { dense: macsOf(compiled.dense), half: macsOf(compiled.half) };
  const { relaxed } = compiled.dense.modules;
  return {
    dense: ratioOf(ort, whole),
    half: ratioOf(ort, half),
    promiseKept: ratioOf(whole, half, macs.dense / macs.half),
    ms: { ort: median(ort), dense: median(whole), half: median(half) },
    macs,
    peakGflops: peak.gflops(median(peaks)),
    shareOfPeak: convolutionsShare(layers.dense),
    layers,
    starts,
    wasmBytes: relaxed.length,
    wasmGzipBytes: gzipSync(relaxed).length,
  };
}

/** Milliseconds of one compiled network ÷ those of another, in turns. */
export async function compareCompiled(
  page: WebPage,
  [first, second]: readonly [Graph, Graph],
  { seconds, compile }: MeasureOptions,
): Promise<Ratio> {
  const runners = [
    await openCompiledIn(page, await compile(first)),
    await openCompiledIn(page, await compile(second)),
  ];
  const [one = [], two = []] = await sampleInTurns(runners, {
    seconds,
    sampleMs: SAMPLE_MS,
    warmupMs: WARMUP_MS,
  });
  for (const runner of runners) await runner.close();
  return ratioOf(one, two);
}

/** Of pairs of samples that were taken in the same round, over what was promised. */
function ratioOf(above: readonly number[], below: readonly number[], promised = 1): Ratio {
  const ratios = above.map((ms, round) => ms / below[round]! / promised);
  return { median: median(ratios), spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)] };
}

/** The shortest samples of each step alone, the steps and the peak in turns: what else the machine does only adds. */
async function layersOf(
  { steps }: CompiledNetwork,
  runner: CompiledRunner,
  peak: PeakRunner,
): Promise<readonly LayerRow[]> {
  const alone = steps.map((_, i): Runner => ({ time: (n) => runner.timeStep(i, n), close: async () => {} }));
  const samples = await sampleInTurns([...alone, peak], {
    rounds: LAYER_ROUNDS,
    sampleMs: LAYER_SAMPLE_MS,
    warmup: 1,
    warmupMs: 0,
  });
  const peakGflops = peak.gflops(Math.min(...samples[steps.length]!));
  return steps.map((step, i) => {
    const ms = Math.min(...samples[i]!);
    const gflops = gflopsOf(step.macs, ms);
    return { ...step, ms, gflops, shareOfPeak: gflops / peakGflops };
  });
}

/** At the speed of all convolutions together. */
function convolutionsShare(layers: readonly LayerRow[]): number {
  const convolutions = layers.filter(({ op }) => op === 'Conv');
  const sum = (value: (layer: LayerRow) => number) =>
    convolutions.reduce((total, layer) => total + value(layer), 0);
  // At its peak a layer would take its time × its share.
  return sum(({ ms, shareOfPeak }) => ms * shareOfPeak) / sum(({ ms }) => ms);
}

const macsOf = ({ steps }: CompiledNetwork): number => steps.reduce((sum, { macs }) => sum + macs, 0);

const gflopsOf = (macs: number, ms: number): number => (2 * macs) / ms / 1e6;
