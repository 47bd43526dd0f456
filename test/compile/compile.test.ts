import { describe, expect, it } from 'vitest';
import {
  type CompileHereOptions,
  cloneGraph,
  compile,
  type Executor,
  type Graph,
  onnxruntime,
  parseGraph,
} from '../../src/index.ts';
import { plainNetwork } from '../support/small-network.ts';

const compiled = (network: Graph, options: CompileHereOptions = {}) =>
  compile(network, { seconds: 0, ...options });

/** Takes images of any size. */
const openSizes = () =>
  parseGraph(`<opset = 18> sizes(float32[N, 3, H, W] image) => (float32[N, 3, H, W] y) { y = Relu(image) }`);

/** onnxruntime, but an initializer of the network that was given has other contents in it. */
const withOther = (name: string, change: (x: number) => number): Executor => ({
  ...onnxruntime,
  compile(graph, options) {
    const changed = cloneGraph(graph);
    const value = changed.initializers.find((initializer) => initializer.name === name)!;
    const data = (value.tensor!.data as Float32Array).map(change);
    value.tensor = { ...value.tensor!, data };
    return onnxruntime.compile(changed, options);
  },
});

/** y = Softmax(x·w + b). */
const classifier = () =>
  parseGraph(`<opset = 18> probabilities(float32[1, 2] x) => (float32[1, 3] y) {
    float32[2, 3] w = {1, 2, 3, 4, 5, 6}
    float32[3] b = {0, 0, 0}
    logits = Gemm(x, w, b)
    y = Softmax(logits)
  }`);

it('compiles a network, and says how far both modules are from the one given', async () => {
  const { network, verification, weights } = await compiled(plainNetwork());
  expect(verification).toMatchObject({ float16Error: null, modules: ['relaxed', 'baseline'] });
  expect(verification!.error).toBeLessThan(1e-5);
  expect(network.inputs).toMatchObject([{ name: 'input', shape: [1, 3, 8, 8] }]);
  expect(network.outputs).toMatchObject([{ name: 'logits', shape: [1, 4] }]);
  expect(weights.bytes.length).toBe(network.weights.byteLength);
});

it('verifies a network that has the same output twice, before a Softmax', async () => {
  const network = classifier();
  const given = { ...network, outputs: network.outputs.flatMap((value) => [value, value]) };
  const { verification } = await compiled(given);
  expect(verification!.error).toBeLessThan(1e-5);
});

it('measures steps and peak in this engine', async () => {
  const { network, profile } = await compile(plainNetwork(), { seconds: 0.05 });
  expect(profile!.stepMs).toHaveLength(network.steps.length);
  expect(profile!.engine).toContain(process.versions.node);
  for (const ms of [profile!.ms, profile!.peakGflops, ...profile!.stepMs]) {
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThan(Number.POSITIVE_INFINITY);
  }
});

it('takes several images in a run, and images of a size that the network leaves open', async () => {
  const { network } = await compiled(plainNetwork(), { batch: 3 });
  expect(network.inputs).toMatchObject([{ shape: [3, 3, 8, 8] }]);
  const sized = await compiled(openSizes(), { size: { height: 6, width: 5 } });
  expect(sized.network.outputs).toMatchObject([{ shape: [1, 3, 6, 5] }]);
});

it('stores weights in half of the bytes, and says what that costs', async () => {
  const [whole, half] = [
    await compiled(plainNetwork()),
    await compiled(plainNetwork(), { weights: 'float16' }),
  ];
  expect(half.weights.bytes.length).toBe(whole.weights.bytes.length / 2);
  const { error, float16Error } = half.verification!;
  expect(error).toBeLessThan(1e-5);
  expect(float16Error).toBeGreaterThan(1e-5);
  expect(float16Error).toBeLessThan(1e-2);
});

describe('refuses', () => {
  it('a size that stays open', async () => {
    await expect(compiled(openSizes())).rejects.toMatchObject({
      code: 'usage',
      where: 'image',
      message: expect.stringContaining('expected `size`'),
    });
  });

  it('operators without a kernel, all in one message', async () => {
    const network = parseGraph(`<opset = 18> odd(float32[1, 4] x) => (float32[1, 4] y) {
      a = Hardmax(x)
      b = Relu(a)
      y = Hardmax(b)
    }`);
    const { nodes } = network;
    nodes[0]!.name = 'first';
    nodes[2]!.name = 'last';
    await expect(compiled(network)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/first \(Hardmax\).*last \(Hardmax\)/),
    });
  });

  it('an input of integers', async () => {
    const network = parseGraph(`<opset = 18> bytes(uint8[1, 4] pixels) => (float32[1, 4] y) {
      y = Cast<to = 1>(pixels)
    }`);
    await expect(compiled(network)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('pixels: expected a float32 input, found uint8'),
    });
  });

  it('weights beyond the range of float16', async () => {
    const network = parseGraph(`<opset = 18> large(float32[1, 2] x) => (float32[1, 2] y) {
      float32[2, 2] w = {70000, 1, 1, 1}
      y = MatMul(x, w)
    }`);
    await expect(compiled(network, { weights: 'float16' })).rejects.toThrow(/70000|7\.00e\+4/);
  });

  it('a module that computes something else, unless nothing is to be compared', async () => {
    const executor = withOther('fc.weight', (x) => 1.001 * x);
    await expect(compiled(plainNetwork(), { executor })).rejects.toMatchObject({ code: 'verification' });
    expect(await compiled(plainNetwork(), { executor, verify: false })).toMatchObject({ verification: null });
  });

  it('scores that differ before a Softmax which makes them equal', async () => {
    expect((await compiled(classifier())).verification!.error).toBeLessThan(1e-5);
    // Softmax(x + 1) is Softmax(x).
    const executor = withOther('b', (x) => x + 1);
    await expect(compiled(classifier(), { executor })).rejects.toMatchObject({ code: 'verification' });
  });
});
