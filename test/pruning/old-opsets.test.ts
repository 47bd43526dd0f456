import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import {
  type Attribute,
  emptyGraph,
  type Graph,
  makeNode,
  makeValue,
  type Value,
} from '../../src/graph/graph.ts';
import { newerThanOpset } from '../../src/graph/operators/versions.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { canonicalForm } from '../../src/rewrite/canonical-form.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';
import { pruneHalf } from '../support/pruned-halves.ts';
import { normals } from '../support/run-graph.ts';

const ints = (...value: (number | bigint)[]): Attribute => ({ kind: 'ints', value });
const int = (value: number): Attribute => ({ kind: 'int', value });
const float = (value: number): Attribute => ({ kind: 'float', value });
const INT64_MAX = 2n ** 63n - 1n;

/** A node as a file of an old opset has it: attributes and all. */
type Old = (
  op: string,
  inputs: readonly Value[],
  attributes?: Record<string, Attribute>,
  outputs?: number,
) => readonly [Value, ...Value[]];

interface Layer {
  /** Until which opset this is how it is written, and since when. */
  readonly opsets: readonly number[];
  build(x: Value, old: Old, b: Builder): Value;
}

/** What stands between two convolutions: 8 channels of 6×4 in, 8 or 4 channels out. */
const layers: Record<string, Layer> = {
  'Split by attribute': {
    opsets: [7, 9, 10, 11, 12],
    build: (x, old) => {
      const [a, c] = old('Split', [x], { axis: int(1), split: ints(4, 4) }, 2);
      return old('Concat', [c!, a], { axis: int(1) })[0];
    },
  },
  'Split in equal parts': {
    opsets: [9, 11, 13, 17],
    build: (x, old) => old('Add', [...old('Split', [x], { axis: int(1) }, 2)])[0],
  },
  'Slice by attributes, open to the end': {
    opsets: [7, 9],
    build: (x, old) => old('Slice', [x], { axes: ints(1), starts: ints(4), ends: ints(INT64_MAX) })[0],
  },
  'ReduceMean by attribute': {
    opsets: [7, 11, 13, 17],
    build: (x, old) => old('Mul', [x, old('ReduceMean', [x], { axes: ints(2, 3), keepdims: int(1) })[0]])[0],
  },
  'Squeeze and Unsqueeze by attributes': {
    opsets: [7, 11, 12],
    build: (x, old) => {
      const [pooled] = old('GlobalAveragePool', [x]);
      const [flat] = old('Squeeze', [pooled], { axes: ints(2, 3) });
      return old('Mul', [x, old('Unsqueeze', [flat], { axes: ints(2, 3) })[0]])[0];
    },
  },
  'Pad and Clip by attributes': {
    opsets: [7, 9, 10],
    build: (x, old) => {
      const [padded] = old('Pad', [x], { pads: ints(0, 0, 1, 1, 0, 0, 1, 1), value: float(0.5) });
      return old('Clip', [padded], { min: float(0), max: float(6) })[0];
    },
  },
  'Upsample by attribute': {
    opsets: [7, 8],
    build: (x, old) => old('Upsample', [x], { scales: { kind: 'floats', value: [1, 1, 2, 2] } })[0],
  },
  'Upsample by an input': {
    opsets: [9],
    build: (x, old, b) => old('Upsample', [x, b.floats([1, 1, 2, 2])])[0],
  },
  'Resize in two directions': {
    opsets: [10],
    build: (x, old, b) => old('Resize', [x, b.floats([1, 1, 2, 0.5])])[0],
  },
  'Dropout, BatchNormalization and Softmax of channels': {
    opsets: [7, 9, 12, 13, 15, 18, 21],
    build: (x, old, b) => {
      const [dropped] = old('Dropout', [x]);
      const statistics = [1, 0.1, 0.2, 1.5].map((value) =>
        b.floats(Array.from({ length: 8 }, (_, i) => value + i / 9)),
      );
      return old('BatchNormalization', [dropped, ...statistics], { epsilon: float(1e-3) })[0];
    },
  },
};

function networkOf({ build }: Layer, opset: number): Graph {
  const b = builderOf(emptyGraph('old', opset));
  const x = b.input('x', 'float32', ['N', 3, 6, 4]);
  const old: Old = (op, inputs, attributes = {}, outputs = 1) => {
    const made = Array.from({ length: outputs }, (_, i) => makeValue(`${op}${b.graph.nodes.length}.${i}`));
    const node = makeNode(op, { name: '', inputs: [...inputs], outputs: made });
    b.graph.nodes.push({ ...node, attributes });
    return made as unknown as [Value, ...Value[]];
  };
  const first = b.Relu(b.Conv(x, b.constant(normals([8, 3, 3, 3], 1)), { pads: [1, 1, 1, 1] }));
  const [between] = [build(first, old, b)];
  const halved = ['Split in equal parts', 'Slice by attributes, open to the end'];
  const channels = halved.some((name) => layers[name]!.build === build) ? 4 : 8;
  const y = b.Conv(between, b.constant(normals([4, channels, 1, 1], 2)));
  b.output(b.Conv(b.Relu(y), b.constant(normals([2, 4, 1, 1], 3))), 'y');
  // As in files of IR version 3, every initializer is an input as well.
  if (opset < 11) b.graph.inputs.push(...b.graph.initializers);
  return parseModel(serializeModel(b.graph));
}

describe.each(Object.entries(layers))('%s', (_, layer) => {
  test.each(layer.opsets)('of opset %i is read, and pruned, as it computes', async (opset) => {
    const given = networkOf(layer, opset);
    const { graph: canonical } = canonicalForm(given);
    expect(newerThanOpset(canonical)).toBe(null);
    await verifyEquivalent(given, canonical, { executor: onnxruntime, tolerance: 1e-6 });
    const { before, error, removed } = await pruneHalf(given);
    await verifyEquivalent(given, before, { executor: onnxruntime, tolerance: 1e-5 });
    expect(removed.size).toBeGreaterThan(1);
    expect(error).toBeLessThan(1e-5);
  });
});
