import { describe, expect, it } from 'vitest';
import { decompose } from '../../src/autodiff/index.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Value } from '../../src/graph/graph.ts';
import { floats, makeTensor, type Tensor } from '../../src/numeric/tensor.ts';
import { normals, runGraph } from '../support/run-graph.ts';

/** The results of one training operator, decomposed. */
async function results<const T extends readonly Tensor[]>(
  inputs: T,
  build: (g: Builder, inputs: { readonly [I in keyof T]: Value }) => readonly Value[],
): Promise<number[][]> {
  const graph = emptyGraph('one');
  const g = builderOf(graph);
  const values = inputs.map(({ dtype, shape }, i) => g.input(`x${i}`, dtype, shape));
  build(g, values as { readonly [I in keyof T]: Value }).forEach((value, i) => {
    g.output(value, `y${i}`);
  });
  const feeds = Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, tensor]));
  const outputs = await runGraph(decompose(graph), feeds);
  return graph.outputs.map(({ name }) => Array.from(outputs[name]!.data as Float32Array));
}

const scalar = (value: number): Tensor => floats([], [value]);

function expectClose(actual: readonly number[], expected: readonly number[], digits = 5): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]!).toBeCloseTo(value, digits);
  });
}

const n = 5;
const [w, d, m] = [1, 2, 3].map((seed) => normals([n], seed));

describe('SgdUpdate', () => {
  const rate = 0.1;
  const momentum = 0.9;
  for (const nesterov of [0, 1]) {
    for (const decoupled of [0, 1]) {
      it(`nesterov ${nesterov}, decoupled ${decoupled}`, async () => {
        const attributes = { momentum, nesterov, decoupled, weight_decay: 0.3 };
        const [w2, m2] = await results([w!, d!, m!, scalar(rate)], (g, x) => g.SgdUpdate(...x, attributes));
        for (let i = 0; i < n; i++) {
          let [weight, slope, velocity] = [w!.data[i]!, d!.data[i]!, m!.data[i]!];
          if (!decoupled) slope += 0.3 * weight;
          velocity = momentum * velocity + slope;
          const step = nesterov ? slope + momentum * velocity : velocity;
          if (decoupled) weight -= rate * 0.3 * weight;
          weight -= rate * step;
          expect(w2![i]).toBeCloseTo(weight, 5);
          expect(m2![i]).toBeCloseTo(velocity, 5);
        }
      });
    }
  }
});

it('AdamWUpdate: three steps by the book', async () => {
  let state = [w!, m!, floats([n], w!.data.map(Math.abs))];
  const expected = state.map(({ data }) => Array.from(data));
  const [beta1, beta2, rate, decay, epsilon] = [0.8, 0.99, 0.05, 0.2, 1e-6];
  for (let t = 1; t <= 3; t++) {
    const gradient = normals([n], 10 + t);
    const next = await results([state[0]!, gradient, state[1]!, state[2]!, scalar(rate), scalar(t)], (g, x) =>
      g.AdamWUpdate(...x, { beta1, beta2, epsilon, weight_decay: decay }),
    );
    const [theta, mean, square] = expected as [number[], number[], number[]];
    for (let i = 0; i < n; i++) {
      const slope = gradient.data[i]!;
      mean[i] = beta1 * mean[i]! + (1 - beta1) * slope;
      square[i] = beta2 * square[i]! + (1 - beta2) * slope ** 2;
      const corrected = mean[i]! / (1 - beta1 ** t);
      const spread = Math.sqrt(square[i]! / (1 - beta2 ** t)) + epsilon;
      theta[i] = theta[i]! - rate * decay * theta[i]! - (rate * corrected) / spread;
    }
    next.forEach((values, k) => {
      expectClose(values, expected[k]!, 4);
    });
    state = next.map((values) => floats([n], values));
  }
});

it('SkeletonUpdate: shrinks, kills below the threshold, and the dead stay dead', async () => {
  const skeleton = floats([3, 1, 2], [1, 0.5, -0.8, 0.012, 0, 0.9]);
  const mask = floats([3, 1, 2], [1, 1, 1, 1, 0, 1]);
  const gradient = floats([3, 1, 2], [0.1, -0.2, 0.3, 0.1, 5, 0]);
  const velocity = floats([3, 1, 2], [0.5, 0, 0.1, 0, 7, 0]);
  const [rate, alpha, threshold, momentum, decay] = [0.1, 0.05, 0.01, 0.9, 0.2];
  const scalars = [scalar(rate), scalar(alpha), scalar(threshold)] as const;
  const inputs = [skeleton, gradient, velocity, mask, ...scalars] as const;
  const [value2, velocity2, mask2] = await results(inputs, (g, x) =>
    g.SkeletonUpdate(...x, { momentum, weight_decay: decay }),
  );
  const expected = Array.from(skeleton.data, (value, i) => {
    if (mask.data[i] === 0) return [0, 0, 0];
    const slope = gradient.data[i]! + alpha * Math.sign(value) + decay * value;
    const speed = momentum * velocity.data[i]! + slope;
    const moved = value - rate * speed;
    return Math.abs(moved) > threshold ? [moved, speed, 1] : [0, 0, 0];
  });
  expect(mask2).toEqual([1, 1, 1, 0, 0, 1]);
  [value2, velocity2, mask2].forEach((values, k) => {
    expectClose(
      values!,
      expected.map((row) => row[k]!),
    );
  });
});

describe('BatchNormalizationTraining', () => {
  const [batch, channels, size] = [4, 2, 6];
  const count = batch * size;
  const of = (data: ArrayLike<number>, channel: number): number[] =>
    Array.from(data).filter((_, i) => Math.floor(i / size) % channels === channel);

  it.each([0, 1000])('statistics around a mean of %d', async (centre) => {
    const x = floats(
      [batch, channels, size],
      normals([batch * channels * size], 4).data.map((v) => v + centre),
    );
    const pair = (...values: number[]) => floats([2], values);
    const parameters = [pair(2, 3), pair(0.5, -1), pair(centre, 7), pair(1, 4)] as const;
    const [y, mean, variance, batchMean, inverse] = await results([x, ...parameters], (g, inputs) =>
      g.BatchNormalizationTraining(...inputs, { epsilon: 1e-3, momentum: 0.8 }),
    );
    for (let c = 0; c < channels; c++) {
      const values = of(x.data, c);
      const mu = values.reduce((a, b) => a + b, 0) / count;
      const sigma = values.reduce((a, b) => a + (b - mu) ** 2, 0) / count;
      const deviation = Math.sqrt(sigma + 1e-3);
      expect(batchMean![c]! / (mu || 1)).toBeCloseTo(1, 5);
      expect(inverse![c]! * deviation).toBeCloseTo(1, 4);
      expect(mean![c]! / (0.8 * parameters[2]!.data[c]! + 0.2 * mu)).toBeCloseTo(1, 5);
      const unbiased = (sigma * count) / (count - 1);
      expect(variance![c]! / (0.8 * parameters[3]!.data[c]! + 0.2 * unbiased)).toBeCloseTo(1, 5);
      const normal = values.map((v) => ((v - mu) / deviation) * [2, 3][c]! + [0.5, -1][c]!);
      expectClose(of(y!, c), normal, centre ? 2 : 4);
    }
  });
});

it('MaxPoolGrad: overlapping windows add up, and of equal elements the first gets it', async () => {
  const x = floats([1, 1, 3, 4], [5, 5, 1, 2, 0, 7, 7, 2, 0, 0, 0, 0]);
  // Windows 2×2, stride 1: maxima 7, 7, 7 in the first row and 7, 7, 7 in the second.
  const y = floats([1, 1, 2, 3], [7, 7, 7, 7, 7, 7]);
  const dy = floats([1, 1, 2, 3], [1, 2, 4, 8, 16, 32]);
  const [dx] = await results([dy, y, x], (g, inputs) => [g.MaxPoolGrad(...inputs, { kernel_shape: [2, 2] })]);
  expect(dx).toEqual([0, 0, 0, 0, 0, 27, 36, 0, 0, 0, 0, 0]);
});

it('ReluGrad passes dy where y > 0, however small y is', async () => {
  const y = floats([6], [0, 1e-30, 1e-7, 1, 1e30, 0]);
  const [dx] = await results([floats([6], [1, -2, 3, -4, 5, 6]), y], (g, [dy, out]) => [g.ReluGrad(dy, out)]);
  expect(dx!.map((value) => value + 0)).toEqual([0, -2, 3, -4, 5, 0]);
});

it('ClipGrad passes dy between the bounds, not on them', async () => {
  const y = floats([6], [0, 1e-30, 3, 5.9999995, 6, 0]);
  const dy = floats([6], [1, -2, 3, -4, 5, 6]);
  const bounds = (g: Builder) => [g.floats(0), g.floats(6)] as const;
  const [dx, above, below] = await results([dy, y], (g, given) => [
    g.ClipGrad(...given, ...bounds(g)),
    g.ClipGrad(...given, bounds(g)[0]),
    g.ClipGrad(...given, null, bounds(g)[1]),
  ]);
  const plain = (values: readonly number[]) => values.map((value) => value + 0);
  expect(plain(dx!)).toEqual([0, -2, 3, -4, 0, 0]);
  expect(plain(above!)).toEqual([0, -2, 3, -4, 5, 0]);
  expect(plain(below!)).toEqual([1, -2, 3, -4, 0, 6]);
});

describe('SoftmaxCrossEntropy', () => {
  const logits = [1000, 999, -1000, 3, 3, 3];
  const labels = makeTensor('int64', [2], BigInt64Array.of(1n, 2n));

  it.each([0, 0.2])('stays finite for large logits, label smoothing %d', async (smoothing) => {
    const [loss, log] = await results([floats([2, 3], logits), labels], (g, x) =>
      g.SoftmaxCrossEntropy(...x, { label_smoothing: smoothing }),
    );
    const normalizer = 1000 + Math.log(1 + Math.exp(-1));
    const expected = [1000 - normalizer, 999 - normalizer, -1000 - normalizer];
    const flat = -Math.log(3);
    const even = (expected[0]! + expected[1]! + expected[2]!) / 3;
    const first = (1 - smoothing) * expected[1]! + smoothing * even;
    expectClose(log!, [...expected, flat, flat, flat], 3);
    expect(loss![0]).toBeCloseTo(-(first + flat) / 2, 3);
  });
});
