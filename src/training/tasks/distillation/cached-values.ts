import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../../../errors.ts';
import { fileError } from '../../../files.ts';
import type { Graph } from '../../../graph/graph.ts';
import { formatBytes } from '../../../numeric/quantities.ts';
import { elementCount, float32Data, floats } from '../../../numeric/tensor.ts';
import { serializeModel } from '../../../onnx/index.ts';
import type { DistilledPair } from './pairs.ts';
import type { ValueRunner } from './teacher.ts';

/** Where the values of a teacher are stored, and for how many images. */
export interface CachePlace {
  readonly folder: string;
  /** Identifies the teacher and its values. Files of another key are deleted. */
  readonly key: string;
  /** Number of images, all different; no more are stored. */
  readonly images: number;
  /** Shapes of the values of a batch. */
  readonly shapes: readonly (readonly number[])[];
}

/** Length of the SHA-256 of an image, in bytes. */
const DIGEST = 32;

/** Size of the file with all images, in bytes. */
export const cacheBytes = ({ images, shapes }: CachePlace): number => images * recordBytes(shapes);

/**
 * Returns the place for any of a teacher's values. Its key depends on the teacher, which is hashed once, on the values and the
 * batch.
 */
export function cachePlaces(
  teacher: Graph,
  where: Pick<CachePlace, 'folder' | 'images'>,
): (values: readonly Pick<DistilledPair, 'teacher' | 'shape'>[]) => CachePlace {
  const ofTeacher = createHash('sha256').update(serializeModel(teacher));
  return (values) => {
    const names = JSON.stringify(values.map((value) => value.teacher));
    const key = ofTeacher.copy().update(names).digest('hex').slice(0, 16);
    return { ...where, key, shapes: values.map(({ shape }) => shape) };
  };
}

const recordBytes = (shapes: CachePlace['shapes']): number =>
  DIGEST + shapes.reduce((sum, shape) => sum + 4 * perImage(shape), 0);

const perImage = (shape: readonly number[]): number => elementCount(shape) / shape[0]!;

/**
 * A runner that stores the values of each image in a file, and reads them if it has those of a whole batch. Images are
 * identified by their preprocessed numbers. Throws `io` if the disk has no space for all of them.
 */
export function cachedValues(runner: ValueRunner, place: CachePlace): ValueRunner {
  const { shapes } = place;
  const batch = shapes[0]![0]!;
  let opened: CacheFile | null = null;
  return {
    async run(images) {
      opened ??= openCache(place);
      const file = opened;
      const keys = partsOf(images, batch).map(digestOf);
      if (keys.every(file.has)) {
        const values = shapes.map((shape) => floats(shape, new Float32Array(elementCount(shape))));
        for (const [i, key] of keys.entries())
          file.read(
            key,
            values.map(({ data }) => partsOf(data, batch)[i]!),
          );
        return values;
      }
      const values = await runner.run(images);
      const parts = values.map((value) => partsOf(float32Data(value), batch));
      for (const [i, key] of keys.entries())
        file.add(
          key,
          parts.map((part) => part[i]!),
        );
      return values;
    },
    async close() {
      opened?.close();
      await runner.close();
    },
  };
}

const partsOf = (numbers: Float32Array, count: number): Float32Array[] => {
  const size = numbers.length / count;
  return Array.from({ length: count }, (_, i) => numbers.subarray(i * size, (i + 1) * size));
};

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const digestOf = (image: Float32Array): string => createHash('sha256').update(bytesOf(image)).digest('hex');

/** Records of equal length: the digest of an image, then its values. */
interface CacheFile {
  has(key: string): boolean;
  read(key: string, targets: readonly Float32Array[]): void;
  add(key: string, values: readonly Float32Array[]): void;
  close(): void;
}

function openCache(place: CachePlace): CacheFile {
  const { folder, key: own, images, shapes } = place;
  const name = `teacher-${own}.cache`;
  const path = join(folder, name);
  try {
    for (const other of readdirSync(folder))
      if (/^teacher-\w+\.cache$/.test(other) && other !== name) rmSync(join(folder, other));
    const size = existsSync(path) ? statSync(path).size : 0;
    expectSpace(folder, cacheBytes(place) - size);
    const file = openSync(path, size > 0 ? 'r+' : 'w+');
    const record = Buffer.alloc(recordBytes(shapes));
    const slots = new Map<string, number>();
    // The last record is incomplete if the process was killed while it wrote; the next one takes its place.
    for (let slot = 0; slot < Math.floor(size / record.length); slot++) {
      readSync(file, record, 0, DIGEST, slot * record.length);
      slots.set(record.toString('hex', 0, DIGEST), slot);
    }
    return {
      has: (key) => slots.has(key),
      read(key, targets) {
        readSync(file, record, 0, record.length, slots.get(key)! * record.length);
        let at = DIGEST;
        for (const target of targets) at += record.copy(bytesOf(target), 0, at, at + target.byteLength);
      },
      add(key, values) {
        if (slots.has(key) || slots.size === images) return;
        Buffer.concat([Buffer.from(key, 'hex'), ...values.map(bytesOf)]).copy(record);
        writeSync(file, record, 0, record.length, slots.size * record.length);
        slots.set(key, slots.size);
      },
      close: () => closeSync(file),
    };
  } catch (cause) {
    throw fileError(cause, path);
  }
}

function expectSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bytes <= bavail * bsize) return;
  const [needed, free] = [bytes, bavail * bsize].map(formatBytes);
  throw new EspalierError('io', `expected ${needed} of free space for the teacher's outputs, found ${free}`, {
    where: folder,
  });
}
