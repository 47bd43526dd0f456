import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { type Attribute, emptyGraph, type Graph, makeValue, type Value } from '../../src/graph/graph.ts';
import { floats } from '../../src/numeric/tensor.ts';
import { upgradeOpset } from '../../src/rewrite/rules/upgrade-opset.ts';
import { verifyEquivalent } from '../../src/rewrite/verify.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

const ints = (...value: number[]): Attribute => ({ kind: 'ints', value });
const ends = (...value: bigint[]): Attribute => ({ kind: 'ints', value });
const int = (value: number): Attribute => ({ kind: 'int', value });
const float = (value: number): Attribute => ({ kind: 'float', value });
const text = (value: string): Attribute => ({ kind: 'string', value });

interface OldNode {
  readonly op: string;
  /** Further inputs behind x. */
  readonly inputs?: (b: Builder) => (Value | null)[];
  readonly attributes?: Record<string, Attribute>;
  readonly outputs?: number;
}

/** x → op → y…, as a file of that opset has it: nothing is checked against newer tables. */
function oldGraph(opset: number, { op, inputs, attributes = {}, outputs = 1 }: OldNode): Graph {
  const b = builderOf(emptyGraph('old', opset));
  const x = b.input('x', 'float32', ['N', 4, 3, 2]);
  const results = Array.from({ length: outputs }, (_, i) => makeValue(`y${i}`, 'float32'));
  const rest = inputs?.(b) ?? [];
  b.graph.nodes.push({ op, domain: '', name: 'node', inputs: [x, ...rest], outputs: results, attributes });
  b.graph.outputs.push(...results);
  return b.graph;
}

const empty = (b: Builder) => b.constant(floats([0], []));

describe('the same results in opset 18', () => {
  const cases: (OldNode & { opset: number })[] = [
    ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceL2', 'ReduceLogSumExp', 'ReduceSumSquare'].map(
      (op) => ({
        opset: 11,
        op,
        attributes: { axes: ints(1, -1), keepdims: int(0) },
      }),
    ),
    { opset: 11, op: 'ReduceMean' },
    { opset: 13, op: 'ReduceMin', attributes: { axes: ints(2) } },
    { opset: 11, op: 'Unsqueeze', attributes: { axes: ints(0, 5) } },
    { opset: 11, op: 'Split', attributes: { axis: int(1), split: ints(1, 3) }, outputs: 2 },
    { opset: 11, op: 'Split', attributes: { axis: int(1) }, outputs: 2 },
    { opset: 13, op: 'Split', attributes: { axis: int(1) }, outputs: 4 },
    { opset: 13, op: 'Split', inputs: (b) => [b.int64s([3, 1])], attributes: { axis: int(1) }, outputs: 2 },
    { opset: 11, op: 'Softmax' },
    { opset: 11, op: 'Softmax', attributes: { axis: int(2) } },
    { opset: 12, op: 'LogSoftmax', attributes: { axis: int(-1) } },
    { opset: 9, op: 'LogSoftmax' },
    { opset: 11, op: 'Hardmax' },
    { opset: 11, op: 'Dropout', attributes: { ratio: float(0.3) } },
    { opset: 9, op: 'Clip', attributes: { min: float(-0.5), max: float(0.25) } },
    { opset: 9, op: 'Clip', attributes: { max: float(0) } },
    { opset: 9, op: 'Pad', attributes: { pads: ints(0, 0, 1, 2, 0, 0, 0, 1), value: float(3) } },
    { opset: 9, op: 'Slice', attributes: { starts: ints(1, -1), ends: ints(3, 9), axes: ints(1, 3) } },
    { opset: 9, op: 'Slice', attributes: { starts: ints(0, 1), ends: ints(1, 3) } },
    {
      opset: 9,
      op: 'Upsample',
      inputs: (b) => [b.floats([1, 1, 2, 3])],
      attributes: { mode: text('nearest') },
    },
    {
      opset: 9,
      op: 'Upsample',
      inputs: (b) => [b.floats([1, 1, 2, 1.5])],
      attributes: { mode: text('linear') },
    },
    { opset: 7, op: 'Upsample', attributes: { scales: { kind: 'floats', value: [1, 1, 2, 2] } } },
    { opset: 10, op: 'Resize', inputs: (b) => [b.floats([1, 1, 2, 2.5])] },
    { opset: 10, op: 'Resize', inputs: (b) => [b.floats([1, 1, 0.7, 0.5])] },
    { opset: 10, op: 'Resize', inputs: (b) => [b.floats([1, 1, 0.7, 2.5])] },
    { opset: 10, op: 'Resize', inputs: (b) => [b.Sqrt(b.floats([1, 1, 0.7, 2.5]))] },
    {
      opset: 10,
      op: 'Resize',
      inputs: (b) => [b.floats([1, 1, 0.7, 2.5])],
      attributes: { mode: text('linear') },
    },
    { opset: 9, op: 'Upsample', inputs: (b) => [b.Sqrt(b.floats([1, 1, 4, 9]))] },
    ...['floor', 'round_prefer_floor'].map((nearest) => ({
      opset: 11,
      op: 'Resize',
      inputs: (b: Builder) => [empty(b), b.floats([1, 1, 1.5, 2])],
      attributes: {
        coordinate_transformation_mode: text('tf_half_pixel_for_nn'),
        nearest_mode: text(nearest),
      },
    })),
    { opset: 9, op: 'Slice', attributes: { starts: ints(1), ends: ends(2n ** 63n - 1n), axes: ints(1) } },
    { opset: 9, op: 'Slice', attributes: { starts: ends(-(2n ** 63n)), ends: ints(-1), axes: ints(1) } },
    {
      opset: 11,
      op: 'Resize',
      inputs: (b) => [empty(b), empty(b), b.int64s([2, 4, 5, 7])],
      attributes: { mode: text('cubic'), coordinate_transformation_mode: text('align_corners') },
    },
    {
      opset: 11,
      op: 'Resize',
      inputs: (b) => [empty(b), b.floats([1, 1, 2, 2])],
      attributes: { mode: text('linear') },
    },
    {
      opset: 7,
      op: 'BatchNormalization',
      inputs: statistics,
      attributes: { spatial: int(1), epsilon: float(0.1) },
    },
    { opset: 11, op: 'BatchNormalization', inputs: statistics },
    {
      opset: 7,
      op: 'BatchNormalization',
      inputs: (b) =>
        [0, 1, 0.5, 2].map((start) =>
          b.floats(
            Array.from({ length: 24 }, (_, i) => start + i / 24),
            [4, 3, 2],
          ),
        ),
      attributes: { spatial: int(0), epsilon: float(0.1) },
    },
  ];
  test.each(cases)('$op of opset $opset, $attributes', async ({ opset, ...node }) => {
    const old = oldGraph(opset, node);
    const upgraded = upgradeOpset(old);
    expect(upgraded.opsets['']).toBe(18);
    expect(upgraded.outputs[0]!.shape).not.toBe(null);
    await verifyEquivalent(old, upgraded, { executor: onnxruntime, tolerance: 1e-6 });
  });

  test('Squeeze, Gemm without bias, TopK and Scatter', async () => {
    const b = builderOf(emptyGraph('old', 9));
    const x = b.input('x', 'float32', ['N', 4]);
    const y = makeValue('squeezed', 'float32', ['N', 4]);
    const [wide, indices] = [makeValue('top', 'float32'), makeValue('indices', 'int64')];
    const stretched = makeValue('stretched', 'float32');
    const one = { domain: '', name: '' };
    b.graph.nodes.push(
      { ...one, op: 'Unsqueeze', inputs: [x], outputs: [stretched], attributes: { axes: ints(1) } },
      { ...one, op: 'Squeeze', inputs: [stretched], outputs: [y], attributes: { axes: ints(1) } },
      { ...one, op: 'TopK', inputs: [y], outputs: [wide, indices], attributes: { k: int(2) } },
    );
    b.graph.outputs.push(wide, indices);
    const upgraded = upgradeOpset(b.graph);
    expect(upgraded.outputs[0]!.shape).toEqual(['N', 2]);
    await verifyEquivalent(b.graph, upgraded, { executor: onnxruntime });
  });
});

function statistics(b: Builder): Value[] {
  return [
    [1, 2, 3, 4],
    [0, 1, 0, 1],
    [0.5, 0, -0.5, 0],
    [1, 2, 3, 4],
  ].map((list) => b.floats(list));
}

describe('what opset 18 cannot say', () => {
  const cases: (OldNode & { opset: number; message: string })[] = [
    {
      opset: 11,
      op: 'BatchNormalization',
      inputs: statistics,
      outputs: 2,
      message:
        'node (BatchNormalization): expected a BatchNormalization in inference mode, found one whose computed statistics are used',
    },
    {
      opset: 11,
      op: 'Resize',
      inputs: (b) => [empty(b), b.floats([1, 1, 2, 2])],
      attributes: {
        coordinate_transformation_mode: text('tf_half_pixel_for_nn'),
        nearest_mode: text('ceil'),
      },
      message: 'expected a coordinate_transformation_mode of opset 13, found tf_half_pixel_for_nn',
    },
    { opset: 6, op: 'Relu', message: 'expected opset 7 or later, found 6' },
  ];
  test.each(cases)('$op: $message', ({ opset, message, ...node }) => {
    expect(() => upgradeOpset(oldGraph(opset, node))).toThrow(message);
  });
});

test('a newer model stays as it is, in a copy', () => {
  const graph = oldGraph(20, { op: 'Relu' });
  const same = upgradeOpset(graph);
  expect(same.opsets).toEqual({ '': 20 });
  expect(same).not.toBe(graph);
});

test('unread outputs of a BatchNormalization go, and the given graph keeps its own', () => {
  const graph = oldGraph(11, { op: 'BatchNormalization', inputs: statistics, outputs: 5 });
  graph.outputs.length = 1;
  expect(upgradeOpset(graph).nodes[0]!.outputs).toHaveLength(1);
  expect(graph.nodes[0]!.outputs).toHaveLength(5);
});

test('bodies of control flow are upgraded too', async () => {
  const body = oldGraph(11, { op: 'ReduceSum', attributes: { axes: ints(1), keepdims: int(0) } });
  const b = builderOf(emptyGraph('outer', 11));
  const x = b.input('x', 'float32', [2, 4, 3, 2]);
  const inner = (graph: Graph): Graph => {
    graph.nodes[0]!.inputs[0] = x;
    return { ...graph, inputs: [] };
  };
  const other = oldGraph(11, { op: 'ReduceMax', attributes: { axes: ints(1), keepdims: int(0) } });
  const yes = b.constant({ dtype: 'bool', shape: [], data: Uint8Array.of(1) });
  const branches = { then_branch: inner(body), else_branch: inner(other) };
  for (const [i, branch] of Object.values(branches).entries()) branch.outputs[0]!.name = `branch${i}`;
  b.output(b.node('If', [yes], branches, 1)[0]!, 'y');
  const upgraded = upgradeOpset(b.graph);
  expect(upgraded.outputs[0]!.shape).toEqual([2, 3, 2]);
  await verifyEquivalent(b.graph, upgraded, { executor: onnxruntime });
});
