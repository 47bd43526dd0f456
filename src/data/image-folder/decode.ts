import { EspalierError } from '../../errors.ts';
import { loadDecoder } from '../decoder.ts';
import type { ImageShape, ImageSource } from '../image-source.ts';
import { DEFAULT_PAD, type Fitting, fits } from './fits.ts';

const MEMORY_BUDGET_BYTES = 512 * 2 ** 20;

/** Files, and how their images are resized. */
interface ImageFiles extends Fitting {
  readonly paths: readonly string[];
}

/**
 * Decodes image files as [3, height, width], or [4, height, width] with alpha: EXIF orientation applied, sRGB, resized by one of
 * {@link fits} (antialiased bilinear). The first 512 MiB of decoded images are cached. Throws `invalid-data`, naming the file, if it cannot be decoded.
 */
export function imageFileReader({ paths, ...fitting }: ImageFiles, size: ImageShape): ImageSource['read'] {
  // The first images stay cached: an epoch reads every image once, so the least recently used one is the next one needed.
  const kept = new Map<number, Uint8Array>();
  const capacity = Math.floor(MEMORY_BUDGET_BYTES / (size.channels * size.height * size.width));
  return async (index, target) => {
    const known = kept.get(index);
    if (known) return target.set(known);
    await decodeFile(paths[index]!, { ...size, ...fitting }, target);
    if (kept.size < capacity) kept.set(index, target.slice());
  };
}

async function decodeFile(
  path: string,
  { channels, height, width, fit = 'crop', pad = DEFAULT_PAD }: ImageShape & Fitting,
  target: Uint8Array,
): Promise<void> {
  const sharp = await loadDecoder();
  const whole = sharp(path, { failOn: 'error' }).autoOrient();
  const upright = fits[fit](whole, { height, width, pad }).toColourspace('srgb');
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
