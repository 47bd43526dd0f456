import { describe, expect, test } from 'vitest';
import { type Builder, builderOf } from '../../src/graph/builder.ts';
import { emptyGraph, type Shape, type Value } from '../../src/graph/graph.ts';
import { filled, floats } from '../../src/numeric/tensor.ts';
import { verifyEquivalent } from '../../src/rewrite/index.ts';
import { bindDimensions } from '../../src/rewrite/rules/static-shapes.ts';
import { onnxruntime } from '../../src/runtime/onnxruntime/index.ts';

/** Conv, then Reshape by `target`, then Gemm. */
function network(shape: Shape, target: readonly number[]) {
  const b: Builder = builderOf(emptyGraph('test'));
  const x = b.input('x', 'float32', shape);
  const y = b.Conv(x, b.constant(filled([2, 3, 3, 3], 1)));
  b.output(b.Gemm(b.Reshape(y, b.int64s(target)), b.constant(filled([8, 5], 1))), 'y');
  return b.graph;
}

describe('binding dimensions', () => {
  test('by number: the open batch of every input, and what follows from it', () => {
    const graph = network(['N', 3, 4, 4], [-1, 8]);
    expect(graph.outputs[0]!.shape).toEqual(['N', 5]);
    const bound = bindDimensions(graph, 7);
    expect(bound.inputs[0]!.shape).toEqual([7, 3, 4, 4]);
    expect(bound.outputs[0]!.shape).toEqual([7, 5]);
    expect(graph.inputs[0]!.shape).toEqual(['N', 3, 4, 4]);
  });

  test('by symbol, the other symbols stay', () => {
    const b = builderOf(emptyGraph('test'));
    b.output(b.Relu(b.input('x', 'float32', ['N', 3, 'H', 'W'])), 'y');
    expect(bindDimensions(b.graph, { H: 8, W: 9 }).outputs[0]!.shape).toEqual(['N', 3, 8, 9]);
  });

  test('shapes of operators that no rule knows follow by their symbols', () => {
    const b = builderOf(emptyGraph('test'));
    const x = b.input('x', 'float32', ['N', 3]);
    const y = b.Relu(x);
    Object.assign(b.graph.nodes[0]!, { op: 'Novel', domain: 'com.example' });
    b.output(y, 'y');
    expect(bindDimensions(b.graph, 4).outputs[0]!.shape).toEqual([4, 3]);
  });

  test('a file of one batch size works at another', () => {
    const bound = bindDimensions(network([1, 3, 4, 4], [-1, 8]), 16);
    expect(bound.outputs[0]!.shape).toEqual([16, 5]);
  });

  test.each([[[1, 8]], [[1, -1]], [[1, 0, 2, 2]]])(
    'a batch that a Reshape to %j begins with follows its input',
    (target) => {
      const b = builderOf(emptyGraph('test'));
      const x = b.input('x', 'float32', [1, 2, 2, 2]);
      b.output(b.Reshape(b.Relu(x), b.int64s(target)), 'y');
      expect(bindDimensions(b.graph, 16).outputs[0]!.shape?.[0]).toBe(16);
      expect(b.graph.nodes[1]!.inputs[1]!.tensor!.data[0]).toBe(1n);
    },
  );

  test.each([1, 4])(
    'a token that stands beside %i images, expanded, tiled or stored, stands beside others',
    async (found) => {
      const repeated: ((b: Builder, token: Value) => Value)[] = [
        (b, token) => b.Expand(token, b.int64s([found, 1, 3])),
        (b, token) => b.Tile(token, b.int64s([found, 1, 1])),
        ...(found === 1 ? [(_: Builder, token: Value) => token] : []),
      ];
      for (const repeat of repeated) {
        const networkOf = (batch: number, token: (b: Builder, stored: Value) => Value) => {
          const b = builderOf(emptyGraph('test'));
          const rows = b.Reshape(b.input('x', 'float32', [batch, 3, 2, 1]), b.int64s([batch, 2, 3]));
          const stored = b.constant(floats([1, 1, 3], [1, 2, 3]));
          b.output(b.Concat(token(b, stored), rows, { axis: 1 }), 'y');
          return b.graph;
        };
        const bound = bindDimensions(networkOf(found, repeat), 5);
        expect(bound.outputs[0]!.shape).toEqual([5, 3, 3]);
        const exported = networkOf(5, (b, stored) => b.Expand(stored, b.int64s([5, 1, 3])));
        expect((await verifyEquivalent(exported, bound, { executor: onnxruntime })).error).toBe(0);
      }
    },
  );

  test('a row of as many numbers as there are images is no batch', () => {
    const b = builderOf(emptyGraph('test'));
    const x = b.input('x', 'float32', [4, 4]);
    const table = b.Expand(b.constant(filled([1, 4], 1)), b.int64s([4, 4]));
    b.output(b.MatMul(x, table), 'y');
    expect(() => bindDimensions(b.graph, 5)).toThrow(
      'the file fixes a batch of 4: export it with a free batch size',
    );
  });

  test('unless its batch stands elsewhere in a Reshape, which the message names', () => {
    const b = builderOf(emptyGraph('test'));
    b.output(b.Reshape(b.Relu(b.input('x', 'float32', [1, 2, 2, 2])), b.int64s([8])), 'y');
    expect(() => bindDimensions(b.graph, 16)).toThrow(
      'Reshape (Reshape): expected 8 elements, got 128: the file fixes a batch of 1: export it with a free batch size',
    );
  });

  test('unless its output has another batch', () => {
    const b = builderOf(emptyGraph('test'));
    const sum = b.ReduceSum(b.input('x', 'float32', [1, 3]), b.int64s([0]));
    b.output(sum, 'y');
    expect(() => bindDimensions(b.graph, 4)).toThrow(
      'y: expected a batch of 4 in the output as in the input, got [1, 3]',
    );
  });

  test('names what is no dimension', () => {
    const graph = network(['N', 3, 4, 4], [-1, 8]);
    expect(() => bindDimensions(graph, 0)).toThrow('expected a dimension of at least 1, got 0');
    expect(() => bindDimensions(graph, { M: 2 })).toThrow(
      'expected a symbolic dimension of the inputs (N), got M',
    );
  });
});
