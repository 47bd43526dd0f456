import { type Random, random } from '../../numeric/random.ts';
import { type ChosenAugmentations, chosenAugmentations } from '../augmentations/index.ts';
import type { ImagesToMix } from '../augmentations/mixing.ts';
import type { ImageSource } from '../image-source.ts';
import { normalizationTables } from '../preprocessing.ts';
import type { BatchSettings } from './settings.ts';

/** The second label of each image, and the share of its first one, in [0, 1]. */
export interface Mixture {
  readonly labels: BigInt64Array;
  readonly share: number;
}

/** A batch of preprocessed images. The receiver owns the arrays. */
export interface Batch {
  /** [count, C, H, W]. */
  readonly images: Float32Array;
  readonly labels: BigInt64Array;
  /** Only of images that are mixed with others. */
  readonly mixture?: Mixture;
  readonly count: number;
  /** Index within the epoch, from 0. */
  readonly step: number;
}

export interface BatchPlace {
  readonly epoch: number;
  readonly step: number;
}

// Separate streams of random numbers.
const ORDER = 1;
const AUGMENT = 2;
const MIX = 3;

/**
 * Returns a function that prepares any batch of any epoch; its contents are a function of the source, settings, epoch and
 * step.
 */
export function batchPreparer(
  source: ImageSource,
  settings: BatchSettings,
): (place: BatchPlace) => Promise<Batch> {
  const orderOf = epochOrder(source.count, settings);
  const chosen = chosenAugmentations(settings.augmentation);
  const write = imageWriter(source, settings, chosen);
  return async ({ epoch, step }) => {
    const indices = orderOf(epoch).subarray(step * settings.batch, (step + 1) * settings.batch);
    const raw = await readImages(source, indices);
    const images = new Float32Array(raw.length);
    indices.forEach((index, position) => write({ raw, images, epoch, index, position }));
    const labels = BigInt64Array.from(indices, (index) => BigInt(source.labels[index]!));
    const share = mixImages(chosen, { images, size: source }, random(settings.seed, epoch, MIX, step));
    const batch = { images, labels, count: indices.length, step };
    return share === null ? batch : { ...batch, mixture: { labels: rotated(labels), share } };
  };
}

function mixImages({ mixings }: ChosenAugmentations, batch: ImagesToMix, draw: Random): number | null {
  const chosen = mixings[mixings.length > 1 ? draw.integer(mixings.length) : 0];
  return chosen ? chosen.mix(batch, draw) : null;
}

/** The label of the next image, for each. */
const rotated = (labels: BigInt64Array): BigInt64Array =>
  labels.map((_, i) => labels[(i + 1) % labels.length]!);

function epochOrder(count: number, { shuffle, seed }: BatchSettings): (epoch: number) => Uint32Array {
  const unshuffled: Uint32Array = Uint32Array.from({ length: shuffle ? 0 : count }, (_, i) => i);
  let latest = { epoch: -1, order: unshuffled };
  return (epoch) => {
    if (!shuffle) return unshuffled;
    if (latest.epoch !== epoch) latest = { epoch, order: random(seed, epoch, ORDER).permutation(count) };
    return latest.order;
  };
}

/** The images with the given indices, concatenated: uint8, or float32 for a source of raw inputs. */
async function readImages(source: ImageSource, indices: Uint32Array): Promise<Uint8Array | Float32Array> {
  const { readInput } = source;
  if (readInput)
    return readAll(source, indices, { raw: new Float32Array(numbersIn(source, indices)), read: readInput });
  return readAll(source, indices, { raw: new Uint8Array(numbersIn(source, indices)), read: source.read });
}

const numbersIn = ({ channels, height, width }: ImageSource, indices: Uint32Array): number =>
  indices.length * channels * height * width;

interface RawImages<T> {
  readonly raw: T;
  readonly read: (index: number, target: T) => void | Promise<void>;
}

async function readAll<T extends Uint8Array | Float32Array>(
  source: ImageSource,
  indices: Uint32Array,
  { raw, read }: RawImages<T>,
): Promise<T> {
  const numbers = source.channels * source.height * source.width;
  const pending: Promise<void>[] = [];
  indices.forEach((index, position) => {
    const target = raw.subarray(position * numbers, (position + 1) * numbers) as T;
    const reading = read.call(source, index, target);
    if (reading) pending.push(reading);
  });
  if (pending.length) await Promise.all(pending);
  return raw;
}

interface ImageInBatch {
  readonly raw: Uint8Array | Float32Array;
  readonly images: Float32Array;
  readonly epoch: number;
  readonly index: number;
  readonly position: number;
}

function imageWriter(
  source: ImageSource,
  settings: BatchSettings,
  { image: augmentation }: ChosenAugmentations,
): (image: ImageInBatch) => void {
  const tables = normalizationTables(settings.preprocessing);
  const plane = source.height * source.width;
  const numbers = source.channels * plane;
  const pixels = source.readInput ? null : new Uint8Array(numbers);
  return ({ raw, images, epoch, index, position }) => {
    const start = position * numbers;
    const image = raw.subarray(start, start + numbers);
    const target = pixels ?? images.subarray(start, start + numbers);
    augmentation.apply({ image, target, size: source }, random(settings.seed, epoch, AUGMENT, index));
    if (!pixels) return;
    for (const [channel, table] of tables.entries())
      for (let i = channel * plane, end = i + plane; i < end; i++) images[start + i] = table[pixels[i]!]!;
  };
}
