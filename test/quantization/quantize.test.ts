import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { printGraph } from '../../src/graph/text/index.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { compareOutputs } from '../../src/quantization/agreement.ts';
import { type QuantizeOptions, quantizeCalibrated } from '../../src/quantization/quantize.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { residualNetwork } from '../support/small-network.ts';
import { simulate } from './integer-simulation.ts';

const image = [3, 8, 8] as const;
const batchOf = (seed: number) => Array.from(normals([16, ...image], seed).data);
const viewing = { calibration: calibrationOf(image, [batchOf(5), batchOf(6)]), executor };
const quantized = (graph: Graph, options?: QuantizeOptions) => quantizeCalibrated(graph, viewing, options);

/** On images that nothing was calibrated with. */
const unseen = { calibration: calibrationOf(image, [batchOf(7)]), executor };

function network(build: (g: Builder, x: Value) => Value): Graph {
  const graph = emptyGraph('case');
  const g = builderOf(graph);
  g.output(build(g, g.input('image', 'float32', ['N', ...image])), 'scores');
  return graph;
}

/** 3×3, padded; `gains` scale its filters. */
function conv(g: Builder, x: Value, seed: number, gains = [1, 1, 1, 1, 1, 1]): Value {
  const channels = Number(x.shape![1]);
  const weight = normals([gains.length, channels, 3, 3], seed, 0.2);
  const data = weight.data.map((w, i) => w * gains[Math.floor(i / (9 * channels))]!);
  const bias = normals([gains.length], seed + 1, 0.2);
  return g
    .named(`conv${seed}`)
    .Conv(x, g.constant(floats(weight.shape, data)), g.constant(bias), { pads: [1, 1, 1, 1] });
}

const chain = () => network((g, x) => conv(g, g.Relu(conv(g, g.Relu(conv(g, x, 1)), 2)), 3));

const decibelsOf = async (graph: Graph, options: QuantizeOptions) =>
  Object.fromEntries((await quantized(graph, options)).layers.map(({ name, sqnrDb }) => [name, sqnrDb]));

describe('quantize', () => {
  it('states the integers that onnxruntime computes', async () => {
    const { graph } = await quantized(chain());
    const input = normals([1, ...image], 9);
    const { codes, scale, zero } = simulate(graph, [...input.data]);
    const found = [...(await optimizedOutput(graph, input))].map((y) => Math.round(y / scale) + zero);
    const off = found.map((y, i) => Math.abs(y - codes[i]!));
    expect(new Set(codes).size).toBeGreaterThan(50);
    expect(Math.max(...off)).toBeLessThanOrEqual(1); // factors are float32 in the engine
    expect(off.filter((steps) => steps > 0).length).toBeLessThan(off.length / 100);
  });

  it('computes the same with the engine’s optimiser and without', async () => {
    const { graph } = await quantized(residualNetwork());
    const input = normals([1, ...image], 9);
    const [plain, optimized] = [await outputOf(graph, input), await optimizedOutput(graph, input)];
    const largest = Math.max(...plain.map(Math.abs));
    plain.forEach((y, i) => {
      expect(Math.abs(y - optimized[i]!)).toBeLessThan(0.02 * largest);
    });
  });

  it('loses little, and leaves the network it was given alone', async () => {
    const given = residualNetwork();
    const before = printGraph(given);
    const { graph, layers, leftAlone } = await quantized(given);
    expect(printGraph(given)).toBe(before);
    expect(leftAlone).toEqual([]);
    expect(layers.map(({ name }) => name)).toEqual(['stem', 'block.conv1', 'block.conv2', 'fc']);
    for (const { sqnrDb } of layers) expect(sqnrDb).toBeGreaterThan(30);
    const [input, output] = [graph.inputs[0]!, graph.outputs[0]!];
    expect([input.name, input.dtype, input.shape]).toEqual(['input', 'float32', ['N', ...image]]);
    expect([output.name, output.dtype, output.shape]).toEqual(['logits', 'float32', ['N', 4]]);
    const { sqnrDb, sameClass } = await compareOutputs(given, graph, unseen);
    expect(sqnrDb).toBeGreaterThan(25);
    expect(sameClass).toBeGreaterThan(0.9);
  });

  it('saves three quarters of what weights take', async () => {
    const { graph } = await quantized(chain());
    const weights = graph.initializers.filter(({ shape }) => shape!.length > 1);
    expect(weights.map(({ dtype }) => dtype)).toEqual(['int8', 'int8', 'int8']);
  });

  it('keeps filters of small weights where each has its own scale', async () => {
    const graph = network((g, x) => conv(g, x, 1, [1, 1e-3, 1e-3, 1e-3]));
    const small = await smallChannels(graph);
    const error = async (perChannel: boolean) => {
      const own = await quantized(graph, { perChannel, correctBias: false });
      return difference(small, await smallChannels(withFloatOutput(own.graph)));
    };
    expect(await error(true)).toBeLessThan(0.02);
    expect(await error(false)).toBeGreaterThan(0.3);
  });

  it('takes a mean error of rounded weights out by the bias', async () => {
    // Inputs that are never negative, as a ReLU gives them: the error of a weight does not average out.
    const graph = network((g, x) => {
      const weight = g.floats([1, 0.0035, 0.0035, 0.0035, 1, 0.0035], [2, 3, 1, 1]);
      return g.Conv(g.Relu(x), weight, g.floats([0, 0]));
    });
    const mean = async (options: QuantizeOptions) => {
      const own = await quantized(graph, { weightBits: 7, ...options });
      const errors = await differences(graph, withFloatOutput(own.graph));
      return Math.abs(errors.reduce((sum, each) => sum + each, 0) / errors.length);
    };
    expect(await mean({ correctBias: false })).toBeGreaterThan(1e-3);
    expect(await mean({})).toBeLessThan(3e-4);
  });

  it('cuts outliers off by percentile', async () => {
    const spiked = batchOf(5).map((x, i) => (i === 0 ? 200 : x));
    const calibration = calibrationOf(image, [spiked, batchOf(6)]);
    const loss = async (method: QuantizeOptions['calibration']) => {
      const { graph } = await quantizeCalibrated(chain(), { calibration, executor }, { calibration: method });
      return (await compareOutputs(chain(), graph, unseen)).sqnrDb;
    };
    expect(await loss({ percentile: 99.9 })).toBeGreaterThan((await loss('minmax')) + 10);
  });

  it('is coarser with one bit less', async () => {
    const [eight, seven] = [
      await decibelsOf(chain(), { weightBits: 8 }),
      await decibelsOf(chain(), { weightBits: 7 }),
    ];
    for (const name of ['conv1', 'conv2', 'conv3']) expect(seven[name]!).toBeLessThan(eight[name]! - 1);
  });
});

/** The network's output as onnxruntime computes it with its optimiser. */
async function optimizedOutput(graph: Graph, input: ReturnType<typeof normals>): Promise<Float32Array> {
  const program = await executor.compile(graph, { threads: 1 });
  const results = await program.run({ [graph.inputs[0]!.name]: input });
  const output = Float32Array.from(results[graph.outputs[0]!.name]!.data as Float32Array);
  await program.close();
  return output;
}

/** The output before it is rounded to 8 bits itself. */
function withFloatOutput(graph: Graph): Graph {
  const layer = graph.nodes.find(({ op }) => op === 'Conv')!;
  return { ...graph, outputs: [layer.outputs[0]!] };
}

const probe = normals([4, ...image], 11);

/** All channels but the first of a network of four filters. */
async function smallChannels(graph: Graph): Promise<Float32Array> {
  const output = await outputOf(graph, probe);
  return output.filter((_, i) => Math.floor(i / 64) % 4 > 0);
}

/** ‖a − b‖/‖a − mean‖: what is lost of how a varies. */
function difference(a: Float32Array, b: Float32Array): number {
  const own = a.map((x, i) => x - b[i]!);
  const centre = a.map((_, i) => channelMean(a, i));
  return norm(own) / norm(a.map((x, i) => x - centre[i]!));
}

function channelMean(data: Float32Array, index: number): number {
  const start = index - (index % 64);
  return data.subarray(start, start + 64).reduce((sum, x) => sum + x, 0) / 64;
}

const norm = (data: Float32Array): number => Math.sqrt(data.reduce((sum, x) => sum + x ** 2, 0));

async function differences(before: Graph, after: Graph): Promise<number[]> {
  const [expected, actual] = [await outputOf(before, probe), await outputOf(after, probe)];
  return [...expected].map((y, i) => y - actual[i]!);
}
