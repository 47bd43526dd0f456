import { expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph } from '../../src/graph/graph.ts';
import { compareOutputs } from '../../src/quantization/agreement.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** The image itself, scaled, by pixel; its halves; its classes. */
function mirror(scales: readonly number[], outputs: readonly string[]): Graph {
  const graph = emptyGraph('mirror');
  const g = builderOf(graph);
  const y = g.Mul(g.input('x', 'float32', ['N', 2, 6, 6]), g.floats([...scales], [2, 1, 1]));
  const values = {
    map: y,
    small: g.AveragePool(y, { kernel_shape: [2, 2], strides: [2, 2] }),
    best: g.ArgMax(y, { axis: 1 }),
  };
  for (const name of outputs) g.output(values[name as keyof typeof values], name);
  return graph;
}

/** One image of (2, 1) in each pixel, one of (1, 4). */
const images = Float32Array.of(
  ...Array(36).fill(2),
  ...Array(36).fill(1),
  ...Array(36).fill(1),
  ...Array(36).fill(4),
);
const labels = BigInt64Array.of(0n, 0n);
const calibration = {
  batch: 2,
  image: [2, 6, 6],
  batches: [{ images, labels, count: 2, step: 0 }],
  labelled: false,
} as const;

it('is by pixel for maps of one size, by error alone for maps of several, by element for classes', async () => {
  const viewing = { calibration, executor: onnxruntime };
  const compared = (outputs: readonly string[]) =>
    compareOutputs(mirror([1, 1], outputs), mirror([1, 3], outputs), viewing);
  // (2, 1) becomes (2, 3): half of the pixels change their class. ‖y − ŷ‖² = 36·(4 + 64), ‖y‖² = 36·(4 + 1 + 1 + 16).
  const error = Math.sqrt(68 / 22);
  const one = await compared(['map', 'best']);
  expect(one.outputs[0]).toMatchObject({ name: 'map', same: { of: 'pixels', part: 0.5 } });
  expect(one.outputs[0]!.error).toBeCloseTo(error, 6);
  expect(one.outputs[1]).toEqual({
    name: 'best',
    error: 0.5,
    sqnrDb: null,
    same: { of: 'elements', part: 0.5 },
  });
  const several = await compared(['map', 'small']);
  expect(several.outputs.map(({ same }) => same)).toEqual([null, null]);
  expect(several.sameClass).toBe(null);
});
