import { describe, expect, it } from 'vitest';
import { storePreprocessing } from '../../src/data/preprocessing.ts';
import { emptyGraph, makeValue, type Shape } from '../../src/graph/graph.ts';
import { resolvePreprocessing } from '../../src/measure/resolve-preprocessing.ts';

function model(
  shape: Shape,
  zoo: { height: number; width: number; mean: number[]; std: number[] } | null = null,
) {
  const graph = emptyGraph('net');
  graph.inputs.push(makeValue('x', 'float32', shape));
  return { graph, name: 'net.onnx', zooPreprocessing: zoo };
}

const grey = { mean: [0.5], std: [0.25] };

describe('preprocessing', () => {
  it('comes from options before metadata before the zoo', () => {
    const zoo = { height: 8, width: 8, mean: [0.1], std: [0.1] };
    const net = model(['N', 1, null, null], zoo);
    expect(resolvePreprocessing(net, {})).toEqual(zoo);
    storePreprocessing(net.graph, { height: 9, width: 9, mean: [0.2], std: [0.2] });
    expect(resolvePreprocessing(net, {})).toEqual({ height: 9, width: 9, mean: [0.2], std: [0.2] });
    expect(resolvePreprocessing(net, { size: 10, mean: [0.3] })).toEqual({
      ...{ height: 10, width: 10, mean: [0.3], std: [0.2] },
    });
  });

  it('takes the size from the input where that fixes it, channels first or last', () => {
    expect(resolvePreprocessing(model(['N', 1, 28, 20]), grey)).toEqual({
      height: 28,
      width: 20,
      ...grey,
    });
    expect(resolvePreprocessing(model(['N', 28, 20, 1]), grey)).toEqual({
      height: 28,
      width: 20,
      ...grey,
    });
  });

  it('refuses another size than the input fixes', () => {
    const settings = { ...grey, size: { height: 32, width: 64 } };
    expect(() => resolvePreprocessing(model(['N', 1, 16, 'W']), settings)).toThrow(
      '`size`: expected 16x64, as the model fixes it, found 32x64',
    );
    const fits = resolvePreprocessing(model(['N', 1, 32, 'W']), settings);
    expect(fits).toMatchObject({ height: 32, width: 64 });
  });

  it('says which options are needed', () => {
    const message = 'net.onnx: the model does not contain its preprocessing: expected `mean`, `std`, `size`';
    expect(() => resolvePreprocessing(model(['N', 3, 'H', 'W']), {})).toThrow(message);
    expect(() => resolvePreprocessing(model(['N', 3, 8, 8]), { mean: [0, 0, 0] })).toThrow('expected `std`');
  });

  it('refuses numbers that do not fit the channels', () => {
    const two = { mean: [0.5, 0.5], std: [0.25, 0.25] };
    expect(() => resolvePreprocessing(model(['N', 3, 8, 8]), two)).toThrow(
      '`mean`: expected 3 numbers, one per channel, found 2',
    );
    const zero = { mean: [0, 0, 0], std: [1, 0, 1] };
    expect(() => resolvePreprocessing(model(['N', 3, 8, 8]), zero)).toThrow(
      '`std`: expected numbers above 0',
    );
  });
});
