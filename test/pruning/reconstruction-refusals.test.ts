import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { reconstruct } from '../../src/pruning/recovery/reconstruct.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { calibrationOf } from '../support/layer-scores.ts';
import { calibration, constant, image, network, relu, without } from '../support/redundant-network.ts';
import { normals } from '../support/run-graph.ts';
import { plainNetwork } from '../support/small-network.ts';

describe('reconstruction leaves alone', () => {
  const run = (
    original: Graph,
    { graph: pruned, keptFilters }: Pick<ReturnType<typeof without>, 'graph' | 'keptFilters'>,
  ) => reconstruct({ original, pruned, keptFilters, calibration, executor: onnxruntime });

  it('a layer that lost nothing', async () => {
    const original = network((g, x) => {
      const weight = normals([5, 6, 1, 1], 2);
      // Channel 3 is not used.
      const unused = floats(
        weight.shape,
        weight.data.map((w, i) => (i % 6 === 3 ? 0 : w)),
      );
      const wide = relu(g, x);
      return g.named('exact').Conv(wide, g.constant(unused));
    });
    const pruned = without(original, { wide: [3] });
    const { graph, layers, skipped } = await run(original, pruned);
    expect(layers).toEqual([]);
    expect(skipped).toEqual([
      expect.objectContaining({ where: 'exact (Conv)', reason: 'its output did not change' }),
    ]);
    await verifyEquivalent(pruned.graph, graph, { executor: onnxruntime });
  });

  it('a layer that a fit of few samples makes worse', async () => {
    const original = network((g, x) => {
      const pooled = g.Flatten(
        g.GlobalAveragePool(g.Relu(g.named('free').Conv(x, constant(g, [24, 3, 3, 3], 1)))),
      );
      return g.named('head').Gemm(pooled, constant(g, [5, 24], 2), null, { transB: 1 });
    });
    const pruned = without(original, { free: [0, 1, 2] });
    const options = {
      original,
      pruned: pruned.graph,
      keptFilters: pruned.keptFilters,
      executor: onnxruntime,
    };
    const few = calibrationOf(image, [Array.from(normals([28, ...image], 5).data)]);
    const { graph, layers, skipped } = await reconstruct({ ...options, calibration: few, ridge: 1e-10 });
    expect(layers).toEqual([]);
    expect(skipped[0]!.reason).toMatch(/^the fit has an error of .*, more than the /);
    await verifyEquivalent(pruned.graph, graph, { executor: onnxruntime });
    // A ridge that holds weights to what they were does better.
    expect((await reconstruct({ ...options, calibration: few })).layers).toHaveLength(1);
  });

  it('layers whose filters nobody can tell, of computed bias, and of too many inputs', async () => {
    const original = network((g, x) => {
      const wide = relu(g, x);
      const narrow = g.named('narrow').Conv(wide, constant(g, [5, 6, 1, 1], 2));
      const shifted = g.named('shifted').Conv(narrow, constant(g, [40, 5, 1, 1], 3), constant(g, [40], 4));
      const flat = g.Flatten(shifted);
      return g.named('large').Gemm(flat, constant(g, [3240, 2], 3));
    });
    const { graph } = without(original, { wide: [4], narrow: [0], shifted: [1] });
    graph.nodes.find(({ name }) => name === 'shifted')!.inputs[2] = graph.inputs[0]!;
    const { skipped, layers } = await run(original, { graph, keptFilters: new Map() });
    expect(layers).toEqual([]);
    expect(skipped).toEqual([
      expect.objectContaining({
        where: 'narrow (Conv)',
        reason: 'the indices of its remaining filters are not known',
      }),
      expect.objectContaining({
        where: 'shifted (Conv)',
        reason: 'its bias is not a constant with one number per filter',
      }),
      expect.objectContaining({
        where: 'large (Gemm)',
        reason: 'expected at most 2400 inputs per filter, found 3159',
      }),
    ]);
  });

  it('is refused without images', async () => {
    const original = plainNetwork();
    const none = { ...calibration, batches: [] };
    const options = { original, pruned: original, keptFilters: new Map(), executor: onnxruntime };
    await expect(reconstruct({ ...options, calibration: none })).rejects.toThrow('expected `data`');
  });
});
