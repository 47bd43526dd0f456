import { describe, expect, onTestFinished, test } from 'vitest';
import { prepareForPruning } from '../../src/channels/prepare-for-pruning.ts';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { peakMemory } from '../../src/graph/peak-memory.ts';
import { benchmark } from '../../src/measure/latency.ts';
import { setMemoryBudget } from '../../src/numeric/budget.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { serializeModel } from '../../src/onnx/index.ts';
import { foldConstants, verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime as executor } from '../../src/runtime/onnxruntime/index.ts';
import { normals } from '../support/run-graph.ts';

type Shape = readonly (number | string)[];

/** A convolution, to whose result `huge` adds something. */
function network(huge: (b: Builder, x: Value) => Value, shape: Shape = ['N', 3, 8, 8]): Graph {
  const b = builderOf(emptyGraph('hostile'));
  const x = b.named('c1').Conv(b.input('x', 'float32', shape), b.constant(normals([4, 3, 1, 1], 1)));
  b.output(huge(b, x), 'y');
  return b.graph;
}

const reduced = (b: Builder, x: Value, constant: Value) =>
  b.Add(x, b.ReduceMax(constant, null, { keepdims: 0 }));

/** Files of a kilobyte whose constants take gigabytes. */
const bombs: Readonly<Record<string, (b: Builder, x: Value) => Value>> = {
  Concat(b, x) {
    let doubled: Value = b.constant(normals([64], 2));
    for (let i = 0; i < 30; i++) doubled = b.node('Concat', [doubled, doubled], { axis: 0 }, 1)[0]!;
    return reduced(b, x, doubled);
  },
  Range: (b, x) => reduced(b, x, b.Range(b.floats(0), b.floats(1e10), b.floats(1))),
  Expand: (b, x) => reduced(b, x, b.Expand(b.floats(1), b.int64s([1e5, 1e5]))),
  Tile: (b, x) => reduced(b, x, b.Tile(b.constant(normals([10, 10], 3)), b.int64s([30000, 30000]))),
  ConstantOfShape: (b, x) => reduced(b, x, b.ConstantOfShape(b.int64s([1e5, 1e5]))),
  EyeLike: (b, x) => reduced(b, x, b.EyeLike(b.ConstantOfShape(b.int64s([1e5, 1e5])), { dtype: 1 })),
  Pad: (b, x) => reduced(b, x, b.Pad(b.constant(normals([4, 4], 4)), b.int64s([0, 0, 1e5, 1e5]))),
  Resize: (b, x) =>
    b.named('up').Resize(x, null, b.constant(floats([4], [1, 1, 3e4, 3e4])), { mode: 'nearest' }),
  'Tile of channels': (b, x) => b.Tile(x, b.int64s([1, 1e8, 1, 1])),
};

const refusal = /would need [\d.]+ [GT]B, more than the allowed \d+ MB: use a smaller size or batch, or set/;

describe('what a small file may take', () => {
  test.each(Object.keys(bombs))(
    '%s of gigabytes is not evaluated, and refused where it would run',
    async (name) => {
      const graph = network(bombs[name]!);
      const folded = await foldConstants(graph, executor);
      expect(serializeModel(folded).length).toBeLessThan(3e7);
      await prepareForPruning(graph, executor);
      await expect(verifyEquivalent(graph, folded, { executor })).rejects.toThrow(refusal);
      await expect(benchmark([serializeModel(graph)], { rounds: 1 })).rejects.toThrow(refusal);
    },
  );

  test.each([
    ['batch', [1e9, 3, 8, 8]],
    ['height and width', [1, 3, 1e5, 1e5]],
  ])('a declared %s of 1e9 is refused before anything is fed', async (_, shape) => {
    const graph = network((b, x) => b.Relu(x), shape);
    await expect(verifyEquivalent(graph, graph, { executor })).rejects.toThrow(refusal);
    await expect(benchmark([serializeModel(graph)], { rounds: 1 })).rejects.toThrow(refusal);
  });

  test('what a branch computes counts too', () => {
    const branch = builderOf(emptyGraph('then'));
    branch.output(branch.Expand(branch.floats(1), branch.int64s([1e5, 1e5])), 'expanded');
    const graph = network((b, x) => {
      const onlyOnce = b.node(
        'If',
        [b.constant({ dtype: 'bool', shape: [], data: Uint8Array.of(1) })],
        {},
        1,
      );
      const chosen = b.graph.nodes.at(-1)!;
      chosen.attributes.then_branch = { kind: 'graph', value: branch.graph };
      return b.Add(x, b.ReduceMax(onlyOnce[0]!, null, { keepdims: 0 }));
    });
    expect(peakMemory(graph).bytes).toBeGreaterThan(4e10);
  });

  test('one image is verified where two are too many', async () => {
    const graph = network((b, x) => b.Relu(x), ['N', 3, 100, 100]);
    const { bytes } = peakMemory(graph, { x: [2, 3, 100, 100] });
    setMemoryBudget(bytes - 1000);
    onTestFinished(() => setMemoryBudget(640e6));
    const { sizes } = await verifyEquivalent(graph, graph, { executor });
    expect(sizes.map(({ batch }) => batch)).toEqual([1]);
  });

  test('a run holds what is alive at once, not the sum of all', () => {
    const graph = network(
      (b, x) => Array.from({ length: 9 }).reduce<Value>((y) => b.Relu(y), x),
      [1, 3, 100, 100],
    );
    expect(peakMemory(graph).bytes).toBe(2 * 4 * 4 * 10000);
  });

  test('a long chain of products of constants ends', async () => {
    const chain = (b: Builder, x: Value) => {
      let y: Value = b.Expand(b.floats(1e-3), b.int64s([512, 512]));
      for (let i = 0; i < 300; i++) y = b.MatMul(y, y);
      return reduced(b, x, y);
    };
    const began = performance.now();
    const { nodes } = await foldConstants(network(chain), executor);
    expect(nodes.filter(({ op }) => op === 'MatMul').length).toBeGreaterThan(50);
    expect(performance.now() - began).toBeLessThan(5000);
  }, 20_000);
});
