import { describe, expect, test } from 'vitest';
import type { ImageSource } from '../../src/data/image-source.ts';
import { sourceAt } from '../../src/data/origin.ts';
import { limitSource, splitSource } from '../../src/data/subset.ts';

/** One-pixel images that hold their own index. */
function numbered(labels: number[]): ImageSource {
  const pixels = Uint8Array.from(labels, (_, index) => index);
  const classes = ['a', 'b', 'c', 'd'];
  const description = {
    name: 'numbered',
    channels: 1,
    height: 1,
    width: 1,
    labels: Int32Array.from(labels),
    classes,
  };
  return sourceAt({ kind: 'memory', pixels }, description);
}

async function indices(source: ImageSource): Promise<number[]> {
  const target = new Uint8Array(1);
  const found: number[] = [];
  for (let i = 0; i < source.count; i++) {
    await source.read(i, target);
    found.push(target[0]!);
  }
  return found;
}

const countsOf = (source: ImageSource) =>
  [0, 1, 2, 3].map((c) => source.labels.filter((l) => l === c).length);

describe('limitSource', () => {
  const labels = Array.from({ length: 200 }, (_, i) => (i * 7) % 4);

  test('takes the same images again, others with another seed, each once and in order', async () => {
    const source = numbered(labels);
    const taken = await indices(limitSource(source, 50, 1));
    expect(await indices(limitSource(source, 50, 1))).toEqual(taken);
    expect(await indices(limitSource(source, 50, 2))).not.toEqual(taken);
    expect(new Set(taken).size).toBe(50);
    expect(taken).toEqual([...taken].sort((a, b) => a - b));
  });

  test('balances classes and keeps labels with images', async () => {
    const limited = limitSource(numbered(labels), 50, 1);
    for (const count of countsOf(limited)) expect([12, 13]).toContain(count);
    expect(Array.from(limited.labels)).toEqual((await indices(limited)).map((index) => labels[index]));
  });

  test('a longer subset contains a shorter one', async () => {
    const short = await indices(limitSource(numbered(labels), 10, 5));
    expect(await indices(limitSource(numbered(labels), 90, 5))).toEqual(expect.arrayContaining(short));
  });

  test('takes all of a class that has too few', () => {
    const rare = [...Array(90).fill(0), 1, 1, ...Array(8).fill(2)];
    expect(countsOf(limitSource(numbered(rare), 60, 0))).toEqual([50, 2, 8, 0]);
  });

  test('returns a source that is small enough, and refuses no images at all', () => {
    const source = numbered(labels);
    expect(limitSource(source, 200, 0)).toBe(source);
    expect(() => limitSource(source, 0, 0)).toThrow(
      'numbered: expected a limit of at least 1 image, found 0',
    );
    expect(() => limitSource(source, 1.5, 0)).toThrow('found 1.5');
  });
});

describe('splitSource', () => {
  test('parts are disjoint, complete and balanced', async () => {
    const labels = [...Array(100).fill(0), ...Array(20).fill(1), 2, 3, 3];
    const [first, second] = splitSource(numbered(labels), 0.9, 4);
    expect(countsOf(first)).toEqual([90, 18, 1, 1]);
    expect(countsOf(second)).toEqual([10, 2, 0, 1]);
    const all = [...(await indices(first)), ...(await indices(second))];
    expect(all.sort((a, b) => a - b)).toEqual(labels.map((_, index) => index));
  });
});
