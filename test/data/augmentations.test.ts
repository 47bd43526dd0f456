import { describe, expect, test } from 'vitest';
import { augmentations } from '../../src/data/augmentations/index.ts';
import { shiftAndFlip } from '../../src/data/augmentations/shift-and-flip.ts';
import { random } from '../../src/numeric/random.ts';

const size = { channels: 2, height: 6, width: 5 };
const image = Uint8Array.from({ length: 60 }, (_, i) => i + 1);

/** Pads by 4, cuts the window at (top, left), mirrors: the definition, with the padded image built. */
function padThenCrop(top: number, left: number, flip: boolean): number[] {
  const padded = (channel: number, row: number, column: number) => {
    const inside = row >= 4 && row < 10 && column >= 4 && column < 9;
    return inside ? image[channel * 30 + (row - 4) * 5 + (column - 4)]! : 0;
  };
  const result: number[] = [];
  for (const channel of [0, 1])
    for (const row of [0, 1, 2, 3, 4, 5]) {
      const line = [0, 1, 2, 3, 4].map((column) => padded(channel, top + row, left + column));
      result.push(...(flip ? line.reverse() : line));
    }
  return result;
}

describe('augmentations', () => {
  test('every shift and flip is a crop of the padded image', () => {
    for (let top = 0; top <= 8; top++)
      for (let left = 0; left <= 8; left++)
        for (const flip of [false, true]) {
          const target = new Uint8Array(60).fill(99);
          shiftAndFlip({ image, target, size }, { down: top - 4, right: left - 4, flip });
          expect(Array.from(target)).toEqual(padThenCrop(top, left, flip));
        }
  });

  test('pad-crop-flip draws all 81 crops and both sides, about equally often', () => {
    const counts = new Map<string, number>();
    const draws = 162 * 40;
    for (let draw = 0; draw < draws; draw++) {
      const target = new Uint8Array(60);
      augmentations['pad-crop-flip'].apply({ image, target, size }, random(3, draw));
      const key = target.join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const possible = new Set<string>();
    for (let top = 0; top <= 8; top++)
      for (let left = 0; left <= 8; left++)
        for (const flip of [false, true]) possible.add(padThenCrop(top, left, flip).join());
    expect(new Set(counts.keys())).toEqual(possible);
    // 40 expected of each, standard deviation 6.3.
    for (const count of counts.values()) expect(count).toBeGreaterThan(10);
  });

  test('flip gives the image or its mirror, none the image', () => {
    const seen = new Set<string>();
    for (let draw = 0; draw < 30; draw++) {
      const target = new Uint8Array(60);
      augmentations.flip.apply({ image, target, size }, random(1, draw));
      seen.add(target.join());
    }
    expect(seen).toEqual(new Set([padThenCrop(4, 4, false).join(), padThenCrop(4, 4, true).join()]));
    const target = new Uint8Array(60);
    augmentations.none.apply({ image, target, size }, random(1));
    expect(target).toEqual(image);
  });
});
