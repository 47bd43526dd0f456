import { EspalierError } from '../errors.ts';
import { random } from '../numeric/random.ts';
import type { ImageSource } from './image-source.ts';

/** The images of a source at `indices`, in that order. */
function subset(source: ImageSource, indices: Uint32Array): ImageSource {
  return {
    ...source,
    count: indices.length,
    labels: Int32Array.from(indices, (index) => source.labels[index]!),
    read: (index, target) => source.read(indices[index]!, target),
    ...(source.readInput && {
      readInput: (index: number, target: Float32Array) => source.readInput!(indices[index]!, target),
    }),
    origin: source.origin && { kind: 'subset', of: source.origin, indices },
  };
}

/**
 * A random subset of n images that depends only on the seed, in the source's order: ⌊n / classes⌋ or one more per class, as
 * far as a class has as many. Returns the source if it has at most n images.
 */
export function limitSource(source: ImageSource, n: number, seed: number): ImageSource {
  if (!Number.isInteger(n) || n < 1)
    throw new EspalierError('usage', `expected a limit of at least 1 image, found ${n}`, {
      where: source.name,
    });
  if (n >= source.count) return source;
  return subset(source, dealByClass(source.labels, seed).subarray(0, n).sort());
}

/** One of n equal parts of a source: images i, i + n, i + 2n, …; a remainder at the end belongs to no part. */
export interface Shard {
  /** Index of the part, from 0. */
  readonly index: number;
  readonly of: number;
}

/** The images of a shard; the source itself if there is only one. */
export function shardSource(source: ImageSource, { index, of }: Shard): ImageSource {
  if (of === 1) return source;
  const count = Math.floor(source.count / of);
  return subset(
    source,
    Uint32Array.from({ length: count }, (_, i) => index + i * of),
  );
}

/**
 * A random partition by seed and class: the first part gets `share` of each class, rounded, but never all images of a class
 * with two or more.
 */
export function splitSource(source: ImageSource, share: number, seed: number): [ImageSource, ImageSource] {
  const queues = shuffledByClass(source.labels, seed);
  const cut = (size: number) => (size < 2 ? size : Math.min(size - 1, Math.round(size * share)));
  const first = queues.flatMap((queue) => queue.slice(0, cut(queue.length)));
  const second = queues.flatMap((queue) => queue.slice(cut(queue.length)));
  return [subset(source, Uint32Array.from(first).sort()), subset(source, Uint32Array.from(second).sort())];
}

/** All indices in random order such that classes alternate, in a new random order of classes each round. */
function dealByClass(labels: Int32Array, seed: number): Uint32Array {
  const queues = shuffledByClass(labels, seed);
  const dealt = new Uint32Array(labels.length);
  let next = 0;
  for (let round = 0; next < dealt.length; round++)
    for (const label of random(seed, 2, round).permutation(queues.length)) {
      const index = queues[label]![round];
      if (index !== undefined) dealt[next++] = index;
    }
  return dealt;
}

function shuffledByClass(labels: Int32Array, seed: number): number[][] {
  const members = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const known = members.get(label);
    if (known) known.push(index);
    else members.set(label, [index]);
  });
  const sorted = [...members].sort(([a], [b]) => a - b);
  return sorted.map(([label, indices]) =>
    Array.from(random(seed, 1, label).permutation(indices.length), (i) => indices[i]!),
  );
}
