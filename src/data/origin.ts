import { convertingReader } from './channels.ts';
import { imageFileReader } from './image-folder/decode.ts';
import type { ImageOrigin, ImageShape, ImageSource } from './image-source.ts';

/** Writes image `index` into `target`. */
type ImageReader = ImageSource['read'];

type Kind = ImageOrigin['kind'];
type OriginOf<K extends Kind> = Extract<ImageOrigin, { kind: K }>;

const readers: { readonly [K in Kind]: (origin: OriginOf<K>, size: ImageShape) => ImageReader } = {
  memory: ({ pixels }, { channels, height, width }) => {
    const bytes = channels * height * width;
    return (index, target) => target.set(pixels.subarray(index * bytes, (index + 1) * bytes));
  },
  files: imageFileReader,
  channels: ({ of, from }, size) => convertingReader(openOrigin(of, { ...size, channels: from }), from, size),
  subset: ({ of, indices }, size) => {
    const read = openOrigin(of, size);
    return (index, target) => read(indices[index]!, target);
  },
};

/** Opens a reader of the images at an origin, on the calling thread. */
function openOrigin<K extends Kind>(origin: OriginOf<K>, size: ImageShape): ImageReader {
  const open = readers[origin.kind as K] as (origin: OriginOf<K>, size: ImageShape) => ImageReader;
  return open(origin, size);
}

/** A source of the images at an origin. */
export function sourceAt(
  origin: ImageOrigin,
  description: Omit<ImageSource, 'read' | 'origin' | 'count'>,
): ImageSource {
  const read = openOrigin(origin, description);
  return { ...description, count: description.labels.length, origin, read };
}
