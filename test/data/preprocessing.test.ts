import { describe, expect, test } from 'vitest';
import {
  CLASSES_KEY,
  cifar10Preprocessing,
  imagenetPreprocessing,
  loadClasses,
  loadPreprocessing,
  normalization,
  normalizationTables,
  PREPROCESSING_KEY,
  storeClasses,
  storePreprocessing,
} from '../../src/data/preprocessing.ts';
import { emptyGraph } from '../../src/graph/graph.ts';

describe('preprocessing in a graph', () => {
  test('is loaded as stored', () => {
    const graph = emptyGraph('g');
    expect(loadPreprocessing(graph)).toBeNull();
    expect(loadClasses(graph)).toBeNull();
    storePreprocessing(graph, imagenetPreprocessing);
    storeClasses(graph, ['cat', 'dog']);
    expect(loadPreprocessing(graph)).toEqual(imagenetPreprocessing);
    expect(loadClasses(graph)).toEqual(['cat', 'dog']);
  });

  test.each([
    ['no JSON', '{'],
    ['no object', '3'],
    ['a missing field', '{"height":32,"width":32,"mean":[0]}'],
    ['a fraction of a pixel', '{"height":0.5,"width":32,"mean":[0],"std":[1]}'],
    ['std 0', '{"height":32,"width":32,"mean":[0],"std":[0]}'],
    ['other lengths', '{"height":32,"width":32,"mean":[0,0,0],"std":[1]}'],
  ])('with %s is refused by key', (_, text) => {
    const graph = emptyGraph('g');
    graph.metadata[PREPROCESSING_KEY] = text;
    expect(() => loadPreprocessing(graph)).toThrow(/^espalier\.preprocessing: metadata is malformed: ./);
  });

  test('classes that are no list of names are refused', () => {
    const graph = emptyGraph('g');
    graph.metadata[CLASSES_KEY] = '[1]';
    expect(() => loadClasses(graph)).toThrow('espalier.classes: metadata is malformed');
  });
});

describe('normalisation', () => {
  // The well-known range of ImageNet inputs.
  const least = [-2.1179, -2.0357, -1.8044];
  const greatest = [2.2489, 2.4286, 2.64];

  test('maps black and white to the known range', () => {
    const tables = normalizationTables(cifar10Preprocessing);
    const { scale, shift } = normalization(cifar10Preprocessing);
    for (const channel of [0, 1, 2]) {
      expect(tables[channel]![0]).toBeCloseTo(least[channel]!, 4);
      expect(tables[channel]![255]).toBeCloseTo(greatest[channel]!, 4);
      expect(shift[channel]).toBeCloseTo(least[channel]!, 4);
      expect(255 * scale[channel]! + shift[channel]!).toBeCloseTo(greatest[channel]!, 4);
    }
  });
});
