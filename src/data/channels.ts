import { EspalierError } from '../errors.ts';
import type { ImageShape, ImageSource } from './image-source.ts';

/** Converts planar 8-bit pixels; `plane` is the number of pixels. */
type Convert = (from: Uint8Array, to: Uint8Array, plane: number) => void;

/** ITU-R BT.601, the weights with which PIL and OpenCV convert to grey. */
export const LUMINANCE = [0.299, 0.587, 0.114] as const;

const OPAQUE = 255;

const toGrey: Convert = (from, to, plane) => {
  const [red, green, blue] = LUMINANCE;
  for (let i = 0; i < plane; i++)
    to[i] = Math.round(red * from[i]! + green * from[plane + i]! + blue * from[2 * plane + i]!);
};

const copyColours: Convert = (from, to, plane) => to.set(from.subarray(0, 3 * plane));

const repeatGrey: Convert = (from, to, plane) => {
  for (let channel = 0; channel < 3; channel++) to.set(from.subarray(0, plane), channel * plane);
};

const opaque =
  (colours: Convert): Convert =>
  (from, to, plane) => {
    colours(from, to, plane);
    to.fill(OPAQUE, 3 * plane, 4 * plane);
  };

/** By numbers of channels, `from→to`: grey, RGB, RGBA. */
const conversions: Readonly<Record<string, Convert>> = {
  '1→3': repeatGrey,
  '1→4': opaque(repeatGrey),
  '3→1': toGrey,
  '3→4': opaque(copyColours),
  '4→1': toGrey,
  '4→3': copyColours,
};

/**
 * The conversion between numbers of channels: RGB to grey by luminance, grey to RGB by repetition; missing alpha is opaque.
 * null if nothing is to be done. Throws `unsupported` for other numbers of channels.
 */
function channelConversion(from: number, to: number): Convert | null {
  if (from === to) return null;
  const convert = conversions[`${from}→${to}`];
  if (convert) return convert;
  throw new EspalierError('unsupported', `expected images of 1, 3 or 4 channels, found ${to}`);
}

/**
 * A source with the given number of channels: grey, RGB or RGBA. Throws `unsupported` if images cannot have it.
 *
 * @example
 * const grey = withChannels(data.train, 1);
 */
export function withChannels(source: ImageSource, channels: number): ImageSource {
  const { origin, read, ...description } = source;
  if (!channelConversion(source.channels, channels)) return source;
  const size = { ...description, channels };
  return {
    ...size,
    ...(origin && { origin: { kind: 'channels', of: origin, from: source.channels } }),
    read: convertingReader(read, source.channels, size),
  };
}

/** A reader that converts images from `from` channels. */
export function convertingReader(
  read: ImageSource['read'],
  from: number,
  size: ImageShape,
): ImageSource['read'] {
  const convert = channelConversion(from, size.channels);
  if (!convert) return read;
  const plane = size.height * size.width;
  return async (index, target) => {
    const pixels = new Uint8Array(from * plane);
    await read(index, pixels);
    convert(pixels, target, plane);
  };
}
