import { expect, test } from 'vitest';
import { changeColors, colorJitter } from '../../src/data/augmentations/color-jitter.ts';
import { augmentations, chosenAugmentations } from '../../src/data/augmentations/index.ts';
import { symmetricBeta } from '../../src/data/augmentations/mixing.ts';
import { randomResizedCrop, resizeBox } from '../../src/data/augmentations/random-resized-crop.ts';
import { type Batch, type BatchOptions, openBatches } from '../../src/data/batches.ts';
import { random } from '../../src/numeric/random.ts';
import { syntheticImages } from '../support/synthetic-images.ts';

const size = { channels: 3, height: 6, width: 8 };
const PLANE = 48;
const draw = random(4);
const photo = Uint8Array.from({ length: 3 * PLANE }, () => draw.integer(256));

test('a crop is resized bilinearly: a slope stays a slope', () => {
  const image = Float32Array.from(
    { length: 3 * PLANE },
    (_, i) => 10 * (i % 8) + 100 * (Math.floor(i / 8) % 6),
  );
  const target = new Float32Array(3 * PLANE);
  resizeBox({ image, target, size }, { top: 1, left: 2, height: 3, width: 4 });
  const along = (at: number, [start, length, whole]: readonly [number, number, number]) =>
    start + Math.min(length - 1, Math.max(0, ((at + 0.5) * length) / whole - 0.5));
  for (let i = 0; i < target.length; i++) {
    const wanted = 10 * along(i % 8, [2, 4, 8]) + 100 * along(Math.floor(i / 8) % 6, [1, 3, 6]);
    expect(target[i]).toBeCloseTo(wanted, 3);
  }
  resizeBox({ image, target, size }, { top: 0, left: 0, height: 6, width: 8 });
  expect(target).toEqual(image);
});

test('random crops show at least a quarter of the image, and differ', () => {
  // The area shown, by the slopes of an image whose values are its rows and columns.
  const large = { channels: 2, height: 64, width: 64 };
  const image = Float32Array.from({ length: 2 * 4096 }, (_, i) =>
    i < 4096 ? i % 64 : Math.floor((i % 4096) / 64),
  );
  const areas = Array.from({ length: 200 }, (_, seed) => {
    const target = new Float32Array(image.length);
    randomResizedCrop.apply({ image, target, size: large }, random(seed));
    const span = (part: Float32Array) =>
      1 + part.reduce((a, b) => Math.max(a, b)) - part.reduce((a, b) => Math.min(a, b));
    return (span(target.subarray(0, 4096)) * span(target.subarray(4096))) / 4096;
  });
  expect(Math.min(...areas)).toBeGreaterThan(0.24);
  expect(Math.min(...areas)).toBeLessThan(0.35);
  expect(Math.max(...areas)).toBeLessThanOrEqual(1);
  expect(Math.max(...areas)).toBeGreaterThan(0.85);
});

const recolored = (factors: { brightness?: number; contrast?: number; saturation?: number }) => {
  const target = new Uint8Array(photo.length);
  changeColors({ image: photo, target, size }, { brightness: 1, contrast: 1, saturation: 1, ...factors });
  return target;
};

/** ITU-R BT.601. */
const luminance = (i: number) =>
  0.299 * photo[i]! + 0.587 * photo[PLANE + i]! + 0.114 * photo[2 * PLANE + i]!;

test('colours change by their definitions', () => {
  expect(recolored({})).toEqual(photo);
  const doubled = recolored({ brightness: 2 });
  doubled.forEach((value, i) => expect(value).toBe(Math.min(255, 2 * photo[i]!)));
  const mean = Array.from({ length: PLANE }, (_, i) => luminance(i)).reduce((a, b) => a + b) / PLANE;
  for (const value of recolored({ contrast: 0 })) expect(value).toBe(Math.round(mean));
  recolored({ saturation: 0 }).forEach((value, i) => expect(value).toBe(Math.round(luminance(i % PLANE))));
});

test('alpha is left alone, grey has no saturation, and inputs of a network are refused', () => {
  const target = new Uint8Array(4 * PLANE);
  const image = Uint8Array.from({ length: 4 * PLANE }, (_, i) => (i < 3 * PLANE ? photo[i]! : i % 7));
  colorJitter.apply({ image, target, size: { ...size, channels: 4 } }, random(3));
  expect(target.subarray(3 * PLANE)).toEqual(image.subarray(3 * PLANE));
  expect(target.subarray(0, PLANE)).not.toEqual(image.subarray(0, PLANE));
  const grey = new Uint8Array(PLANE);
  const one = { image: photo.subarray(0, PLANE), target: grey, size: { ...size, channels: 1 } };
  changeColors(one, { brightness: 1, contrast: 1, saturation: 0 });
  expect(grey).toEqual(one.image);
  const inputs = new Float32Array(PLANE);
  expect(() => colorJitter.apply({ ...one, image: inputs, target: inputs }, random(1))).toThrow(
    '8-bit images',
  );
});

test('augmentations of a list follow one another, and unknown ones are refused', () => {
  const { image } = chosenAugmentations(['flip', 'random-resized-crop', 'color-jitter']);
  const apply = (
    name: 'flip' | 'random-resized-crop' | 'color-jitter',
    from: Uint8Array,
    numbers: ReturnType<typeof random>,
  ) => {
    const target = new Uint8Array(from.length);
    augmentations[name].apply({ image: from, target, size }, numbers);
    return target;
  };
  for (let seed = 0; seed < 5; seed++) {
    const target = new Uint8Array(photo.length);
    image.apply({ image: photo, target, size }, random(seed));
    const numbers = random(seed);
    const flipped = apply('flip', photo, numbers);
    const cropped = apply('random-resized-crop', flipped, numbers);
    expect(target).toEqual(apply('color-jitter', cropped, numbers));
  }
  expect(() => chosenAugmentations('sharpen' as never)).toThrow(
    'unknown augmentation sharpen, expected some of none',
  );
});

const source = syntheticImages({ count: 20, size: 8, channels: 3, classes: 4, seed: 1 });
const LENGTH = 3 * 64;

async function batchesOf(augmentation: BatchOptions['augmentation'], firstStep = 0): Promise<Batch[]> {
  const preprocessing = { height: 8, width: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  const settings = { preprocessing, batch: 5, seed: 3, shuffle: true, dropLast: true, augmentation } as const;
  const stream = openBatches(source, settings);
  const batches: Batch[] = [];
  for await (const batch of stream.epoch(2, firstStep)) batches.push(batch);
  await stream.close();
  return batches;
}

const imagesOf = ({ images, count }: Batch) =>
  Array.from({ length: count }, (_, i) => images.subarray(i * LENGTH, (i + 1) * LENGTH));

test('mixup adds the next image of the batch by its share, and gives its label', async () => {
  const [plain, mixed] = [await batchesOf('none'), await batchesOf(['mixup'])];
  expect(plain[0]!.mixture).toBeUndefined();
  mixed.forEach((batch, step) => {
    const { share, labels } = batch.mixture!;
    const own = imagesOf(plain[step]!);
    imagesOf(batch).forEach((image, i) => {
      const next = own[(i + 1) % 5]!;
      image.forEach((x, at) => expect(x).toBeCloseTo(share * own[i]![at]! + (1 - share) * next[at]!, 5));
      expect(labels[i]).toBe(plain[step]!.labels[(i + 1) % 5]);
    });
  });
  expect(new Set(mixed.map(({ mixture }) => mixture!.share)).size).toBe(4);
  expect(await batchesOf(['mixup'], 2)).toEqual(mixed.slice(2));
});

test('cutmix pastes a box of the next image; the share is that of the pixels that stay', async () => {
  const [plain, mixed] = [await batchesOf('none'), await batchesOf('cutmix')];
  mixed.forEach((batch, step) => {
    const own = imagesOf(plain[step]!);
    imagesOf(batch).forEach((image, i) => {
      const next = own[(i + 1) % 5]!;
      const pasted = image.map((x, at) => Number(x !== own[i]![at]));
      image.forEach((x, at) => expect([own[i]![at], next[at]]).toContain(x));
      // Few pixels of both images are equal.
      expect(pasted.reduce((a, b) => a + b) / LENGTH).toBeCloseTo(1 - batch.mixture!.share, 1);
    });
  });
});

test('shares of mixup are those of a Beta distribution', () => {
  const shares = Array.from({ length: 4000 }, (_, seed) => symmetricBeta(0.2, random(seed)));
  const mean = shares.reduce((a, b) => a + b) / shares.length;
  const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / shares.length;
  expect(mean).toBeCloseTo(0.5, 1);
  expect(variance).toBeCloseTo(1 / (4 * (2 * 0.2 + 1)), 2);
});
