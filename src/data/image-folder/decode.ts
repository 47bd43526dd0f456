import { EspalierError } from '../../errors.ts';
import { loadDecoder } from '../decoder.ts';
import type { ImageShape, ImageSource } from '../image-source.ts';

/** The ratio of ImageNet's evaluation: resized to 256, cropped to 224. */
const RESIZE_RATIO = 256 / 224;
const MEMORY_BUDGET_BYTES = 512 * 2 ** 20;

/**
 * Decodes image files as [3, height, width], or [4, height, width] with alpha: EXIF orientation applied, sRGB, shorter side
 * resized to 256/224 of the size (antialiased bilinear), then a centre crop, as in ImageNet's evaluation. The first 512 MiB
 * of decoded images are cached. Throws `invalid-data`, naming the file, if it cannot be decoded.
 */
export function imageFileReader(paths: readonly string[], size: ImageShape): ImageSource['read'] {
  // The first images stay cached: an epoch reads every image once, so the least recently used one is the next one needed.
  const kept = new Map<number, Uint8Array>();
  const capacity = Math.floor(MEMORY_BUDGET_BYTES / (size.channels * size.height * size.width));
  return async (index, target) => {
    const known = kept.get(index);
    if (known) return target.set(known);
    await decodeFile(paths[index]!, size, target);
    if (kept.size < capacity) kept.set(index, target.slice());
  };
}

async function decodeFile(
  path: string,
  { channels, height, width }: ImageShape,
  target: Uint8Array,
): Promise<void> {
  const sharp = await loadDecoder();
  const [outerHeight, outerWidth] = [Math.round(height * RESIZE_RATIO), Math.round(width * RESIZE_RATIO)];
  const crop = {
    top: Math.floor((outerHeight - height) / 2),
    left: Math.floor((outerWidth - width) / 2),
    height,
    width,
  };
  const upright = sharp(path, { failOn: 'error' })
    .autoOrient()
    .resize(outerWidth, outerHeight, { fit: 'cover', kernel: 'linear', fastShrinkOnLoad: false })
    .extract(crop)
    .toColourspace('srgb');
  const pixels = await (channels === 4 ? upright.ensureAlpha() : upright.removeAlpha())
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch((cause: Error) => {
      const [reason] = cause.message.split('\n');
      const message = `image cannot be decoded: ${reason}`;
      throw new EspalierError('invalid-data', message, { where: path, cause });
    });
  planarInto(pixels, target, channels);
}

function planarInto(pixels: Uint8Array, target: Uint8Array, wanted: number): void {
  const plane = target.length / wanted;
  const channels = pixels.length / plane;
  for (let channel = 0; channel < wanted; channel++) {
    // A grey image has one colour channel, followed by alpha if any.
    const from = channel === 3 ? channels - 1 : channels >= 3 ? channel : 0;
    const offset = channel * plane;
    for (let i = 0; i < plane; i++) target[offset + i] = pixels[i * channels + from]!;
  }
}
