import { describe, expect, it } from 'vitest';
import { cloneGraph } from '../../src/graph/clone.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { describeExecutors } from '../support/executors.ts';
import { calibrationOf, networkOf, order, pointwise, scoresOf } from '../support/layer-scores.ts';
import { normals, outputOf } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';

const ramp = [1, 2, 3, 4];
const pixel = [1, 1, 2, 2] as const;

describeExecutors('apoz', (executor) => {
  it('is the share of images and positions that are not zero', async () => {
    const graph = networkOf(pixel, (g, x) => {
      const shifts = g.floats([0, -1, -3, -9], [1, 4, 1, 1]);
      return g.Relu(g.Add(pointwise(g, x, 'layer', [[1], [1], [1], [1]]), shifts));
    });
    // Of the second batch, of fours, all but the last filter see everything.
    const calibration = calibrationOf([1, 2, 2], [ramp, [4, 4, 4, 4]]);
    const { layer } = await scoresOf(graph, { criterion: 'apoz', executor, calibration });
    expect(layer).toEqual([1, 0.875, 0.625, 0]);
  });

  it('looks behind a sum, and at Clip', async () => {
    const graph = networkOf(pixel, (g, x) => {
      const stem = g.Clip(pointwise(g, x, 'stem', [[1], [-1]]), g.floats(0), g.floats(6));
      return g.Relu(
        g.Add(
          stem,
          pointwise(g, stem, 'branch', [
            [-2, 0],
            [0, 0],
          ]),
        ),
      );
    });
    const calibration = calibrationOf([1, 2, 2], [[-1, -2, 3, 4]]);
    const { stem, branch } = await scoresOf(graph, { criterion: 'apoz', executor, calibration });
    expect(stem).toEqual([0.5, 0.5]);
    expect(branch).toEqual([0, 0.5]);
  });
});

describe('apoz is refused', () => {
  const calibration = calibrationOf([1, 2, 2], [ramp]);
  it('where the activation is not zero for whole ranges', async () => {
    const graph = networkOf(pixel, (g, x) => {
      const silu = pointwise(g, x, 'silu', [[1], [2]]);
      const prelu = pointwise(g, g.Mul(silu, g.Sigmoid(silu)), 'prelu', [
        [1, 1],
        [1, 2],
      ]);
      const forked = pointwise(g, g.PRelu(prelu, g.floats([0.1, 0.1], [2, 1, 1])), 'forked', [[1, 1]]);
      return pointwise(g, g.Add(g.Relu(forked), forked), 'last', [[1]]);
    });
    expect(await scoresOf(graph, { criterion: 'apoz', calibration })).toEqual({
      silu: 'expected an activation after it that outputs zeros (Relu, Clip at 0), found SiLU',
      prelu: 'expected an activation after it that outputs zeros (Relu, Clip at 0), found PRelu',
      forked: 'expected an activation after it that outputs zeros, found Relu and Add',
      last: 'expected an activation after it that outputs zeros, found the output of the network',
    });
  });

  it.each(['apoz', 'feature-rank', 'taylor'] as const)(
    'like all that needs images, %s, without them',
    async (criterion) => {
      const graph = networkOf(pixel, (g, x) => g.Relu(pointwise(g, x, 'layer', [[1], [2]])));
      await expect(scoresOf(graph, { criterion })).rejects.toThrow(
        `${criterion} needs images to calibrate with: expected \`data\``,
      );
    },
  );
});

describeExecutors('feature-rank', (executor) => {
  it('orders maps by rank, equal ranks by weights', async () => {
    // Channels of rank 1, 2 and 4: constant, a chessboard with another light, the identity.
    const constant = Array(16).fill(1);
    const chess = Array.from({ length: 16 }, (_, i) => ((i + (i >> 2)) % 2 ? 1 : 3));
    const identity = Array.from({ length: 16 }, (_, i) => (i % 5 ? 0 : 2));
    const graph = networkOf([1, 3, 4, 4], (g, x) =>
      g.Relu(
        pointwise(g, x, 'layer', [
          [0, 0, 1],
          [0, 2, 0],
          [9, 0, 0],
          [0, 1, 0],
          [-9, 0, 0],
        ]),
      ),
    );
    const calibration = calibrationOf([3, 4, 4], [[...constant, ...chess, ...identity]]);
    const layer = (await scoresOf(graph, { criterion: 'feature-rank', executor, calibration }))
      .layer as number[];
    expect(layer.map(Math.floor)).toEqual([4, 2, 1, 2, 0]);
    expect(order(layer)).toEqual([4, 2, 3, 1, 0]);
  });

  it('takes means over images of several batches', async () => {
    const graph = networkOf(['N', 1, 3, 3] as never, (g, x) => g.Relu(pointwise(g, x, 'layer', [[1], [-1]])));
    const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const ones = Array(9).fill(1);
    const calibration = calibrationOf(
      [1, 3, 3],
      [
        [...identity, ...ones],
        [...ones, ...ones],
      ],
    );
    const layer = (await scoresOf(graph, { criterion: 'feature-rank', executor, calibration }))
      .layer as number[];
    // Ranks 3, 1, 1, 1; a tie is worth less than one rank of one image.
    expect(layer[0]).toBeGreaterThanOrEqual(1.5);
    expect(layer[0]).toBeLessThan(1.75);
    expect(layer[1]).toBeLessThan(0.25);
  });

  it('ties maps of 2×2', async () => {
    const graph = networkOf(pixel, (g, x) => g.Relu(pointwise(g, x, 'layer', [[-3], [1], [2]])));
    const calibration = calibrationOf([1, 2, 2], [ramp]);
    const { layer } = await scoresOf(graph, { criterion: 'feature-rank', executor, calibration });
    expect(order(layer)).toEqual([1, 2, 0]);
  });

  it('has no maps behind a matrix product', async () => {
    const { fc } = await scoresOf(plainNetwork(), {
      criterion: 'feature-rank',
      executor,
      calibration: calibrationOf([3, 8, 8], [Array.from(normals([2, 3, 8, 8], 4).data)]),
    });
    expect(fc).toBe('expected feature maps [N, C, H, W], found 2 dimensions');
  });
});

describeExecutors('taylor', (executor) => {
  it('is the squared slope of the loss along a filter', async () => {
    const graph = plainNetwork({ widths: [3, 4] });
    const labels = [2, 0, 1];
    const images = normals([3, 3, 8, 8], 7);
    const calibration = calibrationOf([3, 8, 8], [Array.from(images.data)], labels);
    const scores = await scoresOf(graph, { criterion: 'taylor', executor, calibration });
    const loss = async (scaled: Graph) => crossEntropy(await outputOf(scaled, images), labels);
    for (const name of ['conv1', 'conv2', 'fc']) {
      const count = (scores[name] as number[]).length;
      const slopes: number[] = [];
      for (let m = 0; m < count; m++) {
        const ahead = await loss(withScaledFilter(graph, { name, m, factor: 1.002 }));
        slopes.push((ahead - (await loss(withScaledFilter(graph, { name, m, factor: 0.998 })))) / 0.004);
      }
      const largest = Math.max(...slopes.map(Math.abs));
      slopes.forEach((slope, m) =>
        expect(Math.abs(Math.sqrt((scores[name] as number[])[m]!) - Math.abs(slope))).toBeLessThan(
          1e-2 * largest,
        ),
      );
    }
  });

  it('takes the mean over batches, and the logits before Softmax', async () => {
    const graph = networkOf(['N', 2] as never, (g, x) =>
      g.Softmax(g.named('fc').Gemm(x, g.constant(floats([2, 2], [1, 0, 0, 1])), null, { transB: 1 }), {
        axis: 1,
      }),
    );
    // p = ½ each: ∂L/∂logits = (−½, ½) for class 0, so Σ w·g = −½·x₀ and ½·x₁.
    const batches = [
      [2, 2],
      [6, 6],
    ];
    const calibration = { ...calibrationOf([2, 1, 1], batches, [0]), image: [2] as never };
    const { fc } = await scoresOf(graph, { criterion: 'taylor', executor, calibration });
    (fc as number[]).forEach((score) => expect(score).toBeCloseTo((1 + 9) / 2, 5));
  });
});

function withScaledFilter(
  given: Graph,
  { name, m, factor }: { name: string; m: number; factor: number },
): Graph {
  const graph = cloneGraph(given);
  const weight = graph.nodes.find((node) => node.name === name)!.inputs[1]!;
  const { shape, data } = weight.tensor!;
  const size = data.length / shape[0]!;
  const scaled = (data as Float32Array).map((w, i) => (Math.floor(i / size) === m ? w * factor : w));
  weight.tensor = floats(shape, scaled);
  return graph;
}

/** The mean of ln Σ exp z − z[label]. */
function crossEntropy(logits: Float32Array, labels: readonly number[]): number {
  const classes = logits.length / labels.length;
  const losses = labels.map((label, n) => {
    const row = Array.from(logits.subarray(n * classes, (n + 1) * classes));
    return Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - row[label]!;
  });
  return losses.reduce((a, b) => a + b) / losses.length;
}
