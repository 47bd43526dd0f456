import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Graph, type Value } from '../../src/graph/graph.ts';
import { costs } from '../../src/measure/macs.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { prepareChannels } from '../../src/pruning/prepared-network.ts';
import { pruneChannels } from '../../src/pruning/prune-channels.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { normals, runGraph } from '../support/run-graph.ts';

const executor = onnxruntime;

interface Plan {
  /** The shorter side becomes `shorter`, unless the longer one would exceed `longer`. */
  readonly shorter: number;
  readonly longer: number;
  /** Sides are padded to a multiple of it. */
  readonly multiple: number;
  readonly size: readonly [height: number, width: number];
  /** Whether the file leaves height and width open. */
  readonly open: boolean;
}

/** Filters of odd index are zero, so that pruning half of each layer changes nothing. */
function conv(b: Builder, x: Value, [from, to, kernel]: readonly [number, number, number]): Value {
  const shape = [to, from, kernel, kernel];
  const { data } = normals(shape, from + to, 0.3);
  const weight = data.map((element, i) => (Math.floor(i / (data.length / to)) % 2 ? 0 : element));
  const pad = (kernel - 1) / 2;
  return b.Conv(x, b.constant(floats(shape, weight)), { pads: [pad, pad, pad, pad] });
}

const sideOf = (b: Builder, x: Value, axis: number) => b.Gather(b.Shape(x), b.int64s([axis]));
const asFloat = (b: Builder, x: Value) => b.Cast(x, { to: 1 });
const asInteger = (b: Builder, x: Value) => b.Cast(x, { to: 7 });

/** An image without its batch, brought to a size that depends on its own, then padded: what detectors begin with. */
function transformed(b: Builder, image: Value, { shorter, longer, multiple }: Plan): Value {
  const sides = asFloat(b, b.Slice(b.Shape(image), b.int64s([-2]), b.int64s([2 ** 31 - 1]), b.int64s([0])));
  const part = (side: Value, wanted: number) => b.Mul(b.Reciprocal(side), b.floats(wanted));
  const factor = b.Min(
    part(b.ReduceMin(sides, null, { keepdims: 0 }), shorter),
    part(b.ReduceMax(sides, null, { keepdims: 0 }), longer),
  );
  const batch = b.Unsqueeze(image, b.int64s([0]));
  const target = asInteger(b, b.Floor(b.Mul(sides, factor)));
  const sizes = b.Concat(b.int64s([1, 3]), target, { axis: 0 });
  const resized = b.Squeeze(
    b.Resize(batch, null, null, sizes, { mode: 'nearest', coordinate_transformation_mode: 'asymmetric' }),
    b.int64s([0]),
  );
  const missing = (axis: number) => {
    const side = sideOf(b, resized, axis);
    const whole = b.Mul(b.Ceil(b.Div(asFloat(b, side), b.floats(multiple))), b.floats(multiple));
    return b.Sub(asInteger(b, whole), side);
  };
  const [none, channels] = [b.int64s([0]), b.Sub(sideOf(b, resized, 0), b.int64s([3]))];
  const pads = b.Concat(none, missing(2), none, missing(1), none, channels, { axis: 0 });
  const pairs = b.Reshape(pads, b.int64s([-1, 2]));
  const forward = b.Slice(pairs, b.int64s([-1]), b.int64s([-(2 ** 63)]), b.int64s([0]), b.int64s([-1]));
  const ordered = b.Reshape(b.Transpose(forward, { perm: [1, 0] }), b.int64s([-1]));
  return b.Unsqueeze(b.Pad(resized, ordered), b.int64s([0]));
}

/** Two layers, scores of each position, and the best of them with boxes in pixels of the image: by a size of what is pruned. */
function detector(plan: Plan): Graph {
  const b = builderOf(emptyGraph('detector'));
  const x = b.input('x', 'float32', [1, 3, ...(plan.open ? ['H', 'W'] : plan.size)]);
  const image = transformed(b, b.Squeeze(x, b.int64s([0])), plan);
  const first = b.Relu(conv(b, image, [3, 8, 3]));
  const second = b.Relu(conv(b, first, [8, 16, 3]));
  const flat = b.int64s([-1]);
  const head = (seed: number) => {
    const weight = b.constant(normals([1, 16, 1, 1], seed));
    return b.Reshape(b.Conv(second, weight), flat);
  };
  const [scores, offsets] = [b.Sigmoid(head(1)), head(2)];
  const [best, chosen] = b.node('TopK', [scores, b.int64s([5])], {}, 2);
  // Whole numbers that no engine orders: strides, as anchors are made of.
  const stride = b.Floor(b.Div(asFloat(b, sideOf(b, x, 2)), asFloat(b, sideOf(b, second, 2))));
  const columns = b.Cast(b.Mod(chosen!, sideOf(b, second, 3)), { to: 1 });
  b.output(b.Mul(b.Add(b.Gather(offsets, chosen!), columns), b.Add(stride, b.floats(1))), 'boxes');
  b.output(best!, 'scores');
  return b.graph;
}

/** MACs of the detector by the sizes that its own formulas give. */
function expectedMacs({ shorter, longer, multiple, size }: Plan): number {
  const f = Math.fround;
  const part = (side: number, wanted: number) => f(f(1 / side) * wanted);
  const factor = Math.min(part(Math.min(...size), shorter), part(Math.max(...size), longer));
  const [height, width] = size.map((side) => Math.ceil(Math.floor(f(side * factor)) / multiple) * multiple);
  return height! * width! * (8 * 3 * 9 + 16 * 8 * 9 + 2 * 16);
}

const plans = fc.record({
  shorter: fc.integer({ min: 12, max: 30 }),
  longer: fc.integer({ min: 20, max: 40 }),
  multiple: fc.constantFrom(1, 4, 8),
  size: fc.tuple(fc.integer({ min: 10, max: 24 }), fc.integer({ min: 10, max: 24 })),
  open: fc.boolean(),
});

describe('a network that computes the size of its image', () => {
  it('is measured at that size, pruned, and verified before what orders', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const graph = detector(plan);
        const [height, width] = plan.size;
        const size = plan.open ? { height, width } : undefined;
        expect(costs(graph, { size }).macs).toBe(expectedMacs(plan));
        const prepared = await prepareChannels(graph, executor, { size });
        expect(prepared.costs.whole.macs).toBe(expectedMacs(plan));
        const {
          graph: pruned,
          error,
          keptFilters,
        } = await pruneChannels(prepared, {
          ...{ executor, criterion: 'l1-norm', side: 'filters', normalize: 'mean', reduce: 'mean' },
          ...{ scope: 'local', round: 1, floor: 0, seed: 1, calibration: null, layerRatios: [] },
          target: { measure: 'ratio', fraction: 0.5 },
        });
        expect([...keptFilters.values()].map(({ length }) => length)).toEqual([4, 8, 1, 1]);
        expect(error).toBeLessThan(1e-4);
        const shape = [1, 3, height, width];
        const feeds = { x: normals(shape, 7) };
        const [before, after] = [await runGraph(graph, feeds), await runGraph(pruned, feeds)];
        for (const name of ['boxes', 'scores']) {
          const found = after[name]!.data as Float32Array;
          (before[name]!.data as Float32Array).forEach((wanted, i) =>
            expect(found[i]).toBeCloseTo(wanted, 3),
          );
        }
      }),
      { numRuns: 8, seed: 5 },
    );
  });
});
