import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builderOf } from '../../src/graph/builder.ts';
import { emptyGraph } from '../../src/graph/graph.ts';
import { sizeComputedOf, sizeOfSymbol } from '../../src/graph/shapes/free-size.ts';
import { withFixedShapes } from '../../src/measure/bind-shapes.ts';
import { filled } from '../../src/numeric/tensor.ts';

const window = fc.record({
  kernel: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: fc.nat(2),
  dilation: fc.integer({ min: 1, max: 2 }),
  sameSize: fc.boolean(),
});

describe('a free size', () => {
  it('has, behind any windows, the symbol of the size that numbers give', () => {
    const sizes = fc.integer({ min: 800, max: 900 });
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 4 }), sizes, (layers, size) => {
        const last = (extent: number | string) => {
          const g = builderOf(emptyGraph('windows', 18));
          let y = g.input('x', 'float32', [1, 1, extent, 1]);
          for (const { kernel, stride, pad, dilation, sameSize } of layers) {
            const padding = sameSize ? { auto_pad: 'SAME_UPPER' as const } : { pads: [pad, 0, pad, 0] };
            const options = { strides: [stride, 1], dilations: [sameSize ? 1 : dilation, 1], ...padding };
            y = g.Conv(y, g.constant(filled([1, 1, kernel, 1], 1)), null, options);
          }
          return y.shape![2]!;
        };
        const symbol = last('H');
        // Long symbols are unknown.
        fc.pre(symbol !== null);
        expect(sizeOfSymbol(String(symbol), new Map([['H', size]]))).toBe(last(size));
      }),
      { numRuns: 100 },
    );
  });

  it('is unknown where its symbol would be long, and stays a symbol while what it is computed of is free', () => {
    expect(sizeComputedOf('H'.repeat(160), { offset: 1, divisor: 2 })).toBeNull();
    expect(sizeOfSymbol('floor((H+1)/2)', new Map([['W', 8]]))).toBe('floor((H+1)/2)');
    expect(sizeOfSymbol('image(1)', new Map([['image', 8]]))).toBe('image(1)');
  });

  it('has a number wherever it stands once the input has', () => {
    const graph = emptyGraph('halved', 18);
    const g = builderOf(graph);
    const halved = g.MaxPool(g.input('x', 'float32', ['N', 3, 'H', 'W']), {
      kernel_shape: [2, 2],
      strides: [2, 2],
    });
    // Stored in the file, as no rule knows it.
    graph.nodes.push({
      op: 'Swirl',
      domain: 'com.example',
      name: '',
      inputs: [halved],
      outputs: [],
      attributes: {},
    });
    const output = { ...halved, name: 'y' };
    graph.nodes.at(-1)!.outputs.push(output);
    graph.outputs.push(output);
    const [swirled] = withFixedShapes(graph, { size: { height: 9, width: 12 } }).outputs;
    expect(swirled!.shape).toEqual([1, 3, 4, 6]);
  });
});
