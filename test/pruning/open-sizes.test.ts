import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { random } from '../../src/numeric/random.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { prepareChannels } from '../../src/pruning/prepared-network.ts';
import { pruneChannels } from '../../src/pruning/prune-channels.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const executor = onnxruntime;

/** Filters of odd index are zero, so that pruning half of each layer changes nothing. */
function conv(b: Builder, x: Value, [from, to, stride]: readonly [number, number, number]): Value {
  const { normal } = random(from, to, stride);
  const size = from * 9;
  const weight = Float32Array.from({ length: to * size }, (_, i) =>
    Math.floor(i / size) % 2 ? 0 : 0.3 * normal(),
  );
  const attributes = { pads: [1, 1, 1, 1], strides: [stride, stride] };
  return b.Relu(b.Conv(x, b.constant(floats([to, from, 3, 3], weight)), attributes));
}

const shapePart = (b: Builder, x: Value, [start, end]: readonly [number, number]) =>
  b.Slice(b.Shape(x), b.int64s([start]), b.int64s([end]), b.int64s([0]));

/** How exporters write the sizes to which a map is brought: those of another map. */
const sizings = {
  'its own batch and channels, the height and width of the other': (b: Builder, x: Value, like: Value) =>
    b.Concat(shapePart(b, x, [0, 2]), shapePart(b, like, [2, 4]), { axis: 0 }),
  'channels written out': (b: Builder, x: Value, like: Value) =>
    b.Concat(shapePart(b, x, [0, 1]), b.int64s([8]), shapePart(b, like, [2, 4]), { axis: 0 }),
  'the whole shape of the other': (b: Builder, _: Value, like: Value) => b.Shape(like),
} as const;

interface Plan {
  readonly sizing: keyof typeof sizings;
  readonly join: 'add' | 'concat';
  readonly mode: 'nearest' | 'linear';
  readonly levels: number;
}

/** An encoder of free height and width, and a way back up to the size of each level. */
function pyramid({ sizing, join, mode, levels }: Plan): Graph {
  const b = builderOf(emptyGraph('pyramid'));
  const maps = [conv(b, b.input('x', 'float32', ['N', 3, 'H', 'W']), [3, 8, 2])];
  for (let level = 1; level < levels; level++) maps.push(conv(b, maps.at(-1)!, [8, 8, 2]));
  let x = maps.pop()!;
  for (const like of maps.reverse()) {
    const coordinates = mode === 'nearest' ? 'asymmetric' : 'half_pixel';
    const attributes = { mode, coordinate_transformation_mode: coordinates, nearest_mode: 'floor' };
    const resized = b.Resize(x, null, null, sizings[sizing](b, x, like), attributes);
    const joined = join === 'add' ? b.Add(resized, like) : b.Concat(resized, like, { axis: 1 });
    x = conv(b, joined, [join === 'add' ? 8 : 16, 8, 1]);
  }
  const last = b.Conv(
    x,
    b.constant(
      floats(
        [1, 8, 1, 1],
        Float32Array.from({ length: 8 }, (_, i) => i - 3),
      ),
    ),
  );
  b.output(b.Sigmoid(last), 'y');
  return b.graph;
}

const plans = fc.record({
  sizing: fc.constantFrom(...(Object.keys(sizings) as Plan['sizing'][])),
  join: fc.constantFrom('add' as const, 'concat' as const),
  mode: fc.constantFrom('nearest' as const, 'linear' as const),
  levels: fc.constantFrom(2, 3),
});

describe('a map that is resized to a size that is computed', () => {
  it('is pruned and keeps its size, whatever the size of the image', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const graph = pyramid(plan);
        const prepared = await prepareChannels(graph, executor, { size: 32 });
        const { graph: pruned, keptFilters } = await pruneChannels(prepared, {
          ...{ executor, criterion: 'l1-norm', side: 'filters', normalize: 'mean', reduce: 'mean' },
          ...{ scope: 'local', round: 1, floor: 0, seed: 1, calibration: null, layerRatios: [] },
          target: { measure: 'ratio', fraction: 0.5 },
        });
        const widths = [...keptFilters.values()].map(({ length }) => length);
        expect(widths.filter((width) => width === 4).length).toBeGreaterThan(0);
        const { error, sizes } = await verifyEquivalent(graph, pruned, { executor });
        expect(error).toBeLessThan(1e-4);
        expect(sizes).toHaveLength(2);
      }),
      { numRuns: 12, seed: 3 },
    );
  });
});
