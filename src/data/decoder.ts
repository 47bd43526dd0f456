import type Sharp from 'sharp';
import { EspalierError } from '../errors.ts';

/**
 * Loads sharp, an optional dependency that decodes images. Throws `unsupported`, naming the command that installs it, if it
 * is missing.
 */
export async function loadDecoder(): Promise<typeof Sharp> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    const message = 'required for decoding images, but cannot be loaded: run `npm install sharp`';
    throw new EspalierError('unsupported', message, { where: 'sharp', cause });
  }
}
